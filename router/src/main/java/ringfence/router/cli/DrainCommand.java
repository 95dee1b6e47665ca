package ringfence.router.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `router drain NODE`.
@Command(
    name = "drain",
    description =
        "Empties a node for maintenance: it takes no more attempts, and what runs there goes on"
            + " elsewhere.",
    mixinStandardHelpOptions = true)
final class DrainCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NODE", description = "The node's name.")
  private String node = "";

  @Mixin private RouterOptions router;

  @Override
  public Integer call() throws IOException {
    int moving = router.drain(node, false);
    System.out.printf("%s drains; %d of its answers move%n", node, moving);
    return 0;
  }
}
