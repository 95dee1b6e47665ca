package ringfence.router.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import ringfence.router.egress.OperatorCall;

/// `router resume NODE`.
@Command(
    name = "resume",
    description = "Lets a drained node take attempts again.",
    mixinStandardHelpOptions = true)
final class ResumeCommand implements Callable<Integer> {
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
    var _ = OperatorCall.drain(router, node, true, AdminKey.ofEnvironment());
    System.out.printf("%s takes attempts again%n", node);
    return 0;
  }
}
