package demo;

/** What another user's jar holds. */
public class Counter {
    public static int count(String text) {
        return text.length();
    }
}
