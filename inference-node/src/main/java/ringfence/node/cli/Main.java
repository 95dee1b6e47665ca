package ringfence.node.cli;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import ringfence.node.bench.LlamaContestant;

/// The jar's entry: picks the command. Only `serve` starts the framework; the others are plain
/// programs.
@QuarkusMain
@Command(
    name = "node",
    description = "Runs language models on this machine.",
    mixinStandardHelpOptions = true,
    version = "ringfence node 0.1.0",
    subcommands = {
      ServeCommand.class,
      PullCommand.class,
      ListCommand.class,
      ChatCommand.class,
      InspectCommand.class,
      BenchCommand.class,
      DevicesCommand.class,
      KernelsCommand.class,
      HuntCommand.class,
      TruthCommand.class,
      TuneCommand.class,
    })
public final class Main {

  public static void main(String... arguments) {
    int code =
        new CommandLine(new Main())
            .setExecutionExceptionHandler((failure, commandLine, parsed) -> {
              commandLine
                  .getErr()
                  .println(
                      "node "
                          + commandLine.getCommandName()
                          + ": "
                          + CommandError.explain(failure));
              return 1;
            })
            .execute(arguments.length == 0 ? new String[] {"--help"} : arguments);
    LlamaContestant.exitIfGpuOpen(code);
    System.exit(code);
  }
}
