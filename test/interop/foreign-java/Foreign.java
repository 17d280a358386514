import com.nimbusds.jose.util.JSONArrayUtils;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/**
 * Runs a list of jobs with the official Java SDK, against the KMS endpoint of its environment, or
 * with JOSE libraries.
 *
 * <p>java Foreign messages|tokens|values jobs.json results.json
 */
public final class Foreign {
  /** What does the jobs of one kind. */
  interface Party {
    Map<String, Object> run(Map<String, Object> job) throws Exception;

    Map<String, String> versions() throws Exception;
  }

  private static final Map<String, Supplier<Party>> PARTIES =
      Map.of("messages", Messages::new, "tokens", Tokens::new, "values", Values::new);

  private static Map<String, Object> result(Party party, Map<String, Object> job) {
    try {
      return party.run(job);
    } catch (Exception | StackOverflowError error) { // every failure is a result
      String text = error.getClass().getSimpleName() + ": " + error.getMessage();
      return Map.of("error", text.substring(0, Math.min(500, text.length())));
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, Object>> jobsOf(Path file) throws Exception {
    return (List<Map<String, Object>>) (List<?>) JSONArrayUtils.parse(Files.readString(file));
  }

  private static List<Object> all(Party party, List<Map<String, Object>> jobs) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try {
      List<Callable<Map<String, Object>>> calls = new ArrayList<>();
      for (Map<String, Object> job : jobs) {
        calls.add(() -> result(party, job));
      }
      List<Object> results = new ArrayList<>();
      for (Future<Map<String, Object>> one : threads.invokeAll(calls)) {
        results.add(one.get());
      }
      return results;
    } finally {
      threads.shutdown();
    }
  }

  /** The version of a library, as the name of the file says that it came in. */
  static String versionOf(Class<?> type) throws Exception {
    String file =
        Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
            .getFileName()
            .toString();
    return file.replaceAll("^.*?-([0-9][^/]*)\\.jar$", "$1");
  }

  private static String said(Map<String, String> versions) {
    List<String> each = new ArrayList<>();
    versions.forEach((name, version) -> each.add(name + " " + version));
    return String.join(" with ", each);
  }

  public static void main(String[] arguments) throws Exception {
    Party party = PARTIES.get(arguments[0]).get();
    Map<String, Object> done = new LinkedHashMap<>();
    done.put("results", all(party, jobsOf(Path.of(arguments[1]))));
    done.put("versions", party.versions());
    done.put("sdk", said(party.versions()));
    Files.writeString(Path.of(arguments[2]), JSONObjectUtils.toJSONString(done));
    System.exit(0); // the SDK's clients keep threads
  }
}
