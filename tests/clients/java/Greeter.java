package demo;

/** What a user's jar holds. */
public class Greeter {
    public static String greet(String name) {
        return "Good morning, " + name;
    }
}
