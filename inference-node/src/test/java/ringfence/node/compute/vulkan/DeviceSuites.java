package ringfence.node.compute.vulkan;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/// Runs test classes where there is no Maven: on a GPU host, with classes and jars carried there.
///
/// Arguments are names of test classes; `--large` takes the tests with larger models too.
public final class DeviceSuites {
  private DeviceSuites() {}

  public static void main(String... arguments) throws ClassNotFoundException {
    LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
    List<String> classes = new ArrayList<>(List.of(arguments));
    if (!classes.remove("--large")) {
      request.filters(TagFilter.excludeTags("large"));
    }
    for (String name : classes) {
      request.selectors(selectClass(Class.forName(name)));
    }
    System.exit(run(request.build()) ? 0 : 1);
  }

  private static boolean run(LauncherDiscoveryRequest request) {
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, summary, new Progress());
    summary.getSummary().printFailuresTo(new PrintWriter(System.out), 25);
    summary.getSummary().printTo(new PrintWriter(System.out));
    return summary.getSummary().getTotalFailureCount() == 0
        && summary.getSummary().getTestsSucceededCount() > 0;
  }

  /// A line a test.
  private static final class Progress implements TestExecutionListener {
    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest()) {
        System.out.println(result.getStatus() + " " + test.getUniqueId());
      }
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
      System.out.println("SKIPPED " + test.getUniqueId() + ": " + reason);
    }
  }
}
