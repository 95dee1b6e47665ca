package ringfence.router.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `router resume NODE`.
@Command(
    name = "resume",
    description = "Lets a drained node take attempts again.",
    mixinStandardHelpOptions = true)
final class ResumeCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NODE", description = "The node's name.")
  private String node = "";

  @Mixin private RouterOptions router;

  @Override
  public Integer call() throws IOException {
    var _ = router.drain(node, true);
    System.out.printf("%s takes attempts again%n", node);
    return 0;
  }
}
