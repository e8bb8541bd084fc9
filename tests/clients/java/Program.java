import java.io.File;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

import org.apache.livy.Job;
import org.apache.livy.JobContext;
import org.apache.livy.JobHandle;
import org.apache.livy.LivyClient;
import org.apache.livy.LivyClientBuilder;
import org.apache.livy.shaded.jackson.databind.ObjectMapper;

/**
 * What a user's program does with Livy's Java client. Prints what it saw as JSON: "done", or what a user reads of an
 * exception.
 *
 * <pre>
 * Program open URL COLOUR JAR JAR_URI FILE FILE_URI FORBIDDEN_URI   opens a session, brings files to it, leaves it
 * Program close URL                                                 joins a session, has a job run, ends the session
 * </pre>
 */
public class Program {
    public static class Ping implements Job<String> {
        @Override
        public String call(JobContext context) {
            return "pong";
        }
    }

    private static final Map<String, Object> seen = new LinkedHashMap<>();

    public static void main(String[] arguments) throws Exception {
        URI url = new URI(arguments[1]);
        if (arguments[0].equals("open"))
            open(url, arguments);
        else
            close(url);
        System.out.println(new ObjectMapper().writeValueAsString(seen));
    }

    private static void open(URI url, String[] arguments) throws Exception {
        LivyClient client = new LivyClientBuilder(false)
            .setURI(url).setConf("spark.sparkgate.colour", arguments[2]).build();
        see("uploadJar", client.uploadJar(new File(arguments[3])));
        see("addJar", client.addJar(new URI(arguments[4])));
        see("uploadFile", client.uploadFile(new File(arguments[5])));
        see("addFile", client.addFile(new URI(arguments[6])));
        see("forbidden", client.addFile(new URI(arguments[7])));
        client.stop(false);
    }

    private static void close(URI url) throws Exception {
        LivyClient client = new LivyClientBuilder(false).setURI(url).build();
        JobHandle<String> handle = client.submit(new Ping());
        see("submit", handle);
        seen.put("state", handle.getState().toString());
        see("run", client.run(new Ping()));
        client.stop(true);
        try {
            new LivyClientBuilder(false).setURI(url).build();
            seen.put("gone", "done");
        } catch (RuntimeException refused) {
            seen.put("gone", refused.getMessage());
        }
    }

    private static void see(String name, Future<?> work) throws InterruptedException {
        try {
            work.get();
            seen.put(name, "done");
        } catch (ExecutionException failed) {
            seen.put(name, failed.getMessage());
        }
    }
}
