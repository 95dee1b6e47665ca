package ringfence.router.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringfence.router.egress.OperatorCall;

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

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      description = "The router's gRPC address (default: ${DEFAULT-VALUE}).",
      defaultValue = "127.0.0.1:7410")
  private String router = "";

  @Override
  public Integer call() {
    int moving = OperatorCall.drain(router, node, false, AdminKey.ofEnvironment());
    System.out.printf("%s drains; %d of its answers move%n", node, moving);
    return 0;
  }
}
