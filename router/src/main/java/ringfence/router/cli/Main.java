package ringfence.router.cli;

import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The jar's entry: picks the command. Only `serve` starts the framework; the others are plain
/// programs.
@QuarkusMain
@Command(
    name = "router",
    description = "Decides where prompts may and should run, and keeps account of what left.",
    mixinStandardHelpOptions = true,
    version = "ringfence router 0.1.0",
    subcommands = {
      ServeCommand.class,
      DrainCommand.class,
      ResumeCommand.class,
      LedgerCommand.class,
      KeysCommand.class,
      UsageCommand.class,
      EventsCommand.class,
      CertificatesCommand.class
    })
public final class Main {

  public static void main(String... arguments) {
    System.exit(commandLine().execute(arguments.length == 0 ? new String[] {"serve"} : arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setExecutionExceptionHandler((failure, commandLine, parsed) -> {
          commandLine
              .getErr()
              .println(
                  commandLine.getCommandSpec().qualifiedName()
                      + ": "
                      + CommandError.explain(failure));
          return 1;
        });
  }
}
