package ringfence.router.cli;

import io.quarkus.runtime.Quarkus;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `router serve`, and the jar without arguments.
@Command(
    name = "serve",
    description =
        "Serves gateways and nodes until it is stopped. Every setting is a key, ringfence.router.*, and an environment variable.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {

  @Override
  public Integer call() {
    // Logs why it can't start, and ends the process with its exit code.
    Quarkus.run();
    return 0;
  }
}
