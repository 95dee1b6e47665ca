package ringfence.router.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Which policy file a command is about.
final class PolicyFileOption {
  private static final String VARIABLE = "RINGFENCE_ROUTER_POLICY_FILE";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--policy-file",
      paramLabel = "FILE",
      description = "The router's policy file (default: the environment's " + VARIABLE + ").")
  private @Nullable Path file;

  Path file() {
    Path given = file;
    if (given != null) {
      return given;
    }
    String named = System.getenv(VARIABLE);
    if (named == null || named.isBlank()) {
      throw new ParameterException(
          spec.commandLine(), "which policy file? Give --policy-file or set " + VARIABLE);
    }
    return Path.of(named);
  }
}
