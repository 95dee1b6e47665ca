package ringfence.router.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringfence.router.policy.document.ApiKey;
import ringfence.router.policy.document.KeysFile;
import ringfence.router.policy.document.PolicyFileException;
import ringfence.router.routing.Zone;

/// `router keys`: a running router takes changes up within its `policy-poll`.
@Command(
    name = "keys",
    description = "Makes, lists and revokes API keys; they lie as hashes beside the policy file.",
    mixinStandardHelpOptions = true)
final class KeysCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "expected create, list or revoke");
  }

  @Command(
      name = "create",
      description = "Makes a key and prints it, this once.",
      mixinStandardHelpOptions = true)
  int create(
      @Mixin PolicyFileOption policy,
      @Parameters(paramLabel = "ID", description = "Its name, for lists and logs.") String id,
      @Option(names = "--tenant", required = true, description = "Whose it is.") String tenant,
      @Option(names = "--farthest-zone", description = "A ceiling nearer than the tenant's.")
          @Nullable String farthestZone,
      @Option(names = "--expires", description = "A day (2027-01-31) or a time (...T00:00:00Z).")
          @Nullable String expires,
      @Option(names = "--admin", description = "May make operators' calls.") boolean admin)
      throws IOException, PolicyFileException {
    KeysFile file = new KeysFile(policy.file());
    String key = file.create(id, tenant, zone(farthestZone), moment(expires), admin);
    PrintWriter out = spec.commandLine().getOut();
    out.println(key);
    out.flush();
    spec.commandLine()
        .getErr()
        .println("The key is shown this once; its hash lies in " + file.path() + ".");
    return 0;
  }

  @Command(name = "list", description = "Lists the keys.", mixinStandardHelpOptions = true)
  int list(@Mixin PolicyFileOption policy) throws IOException, PolicyFileException {
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%-24s %-20s %-14s %-20s %s%n", "ID", "TENANT", "FARTHEST ZONE", "EXPIRES", "STATE");
    Instant now = Instant.now();
    for (ApiKey key : new KeysFile(policy.file()).list()) {
      out.printf(
          "%-24s %-20s %-14s %-20s %s%n",
          key.id(),
          key.tenant(),
          key.farthestZone() == null
              ? "the tenant's"
              : key.farthestZone().name().toLowerCase(Locale.ROOT),
          key.expires() == null ? "never" : key.expires(),
          state(key, now));
    }
    out.flush();
    return 0;
  }

  private static String state(ApiKey key, Instant now) {
    if (key.revoked() != null) {
      return "revoked " + key.revoked();
    }
    if (key.expires() != null && !now.isBefore(key.expires())) {
      return "expired";
    }
    return key.admin() ? "admin" : "in use";
  }

  @Command(
      name = "revoke",
      description = "Has a key refused from now on.",
      mixinStandardHelpOptions = true)
  int revoke(
      @Mixin PolicyFileOption policy,
      @Parameters(paramLabel = "ID", description = "The key's name.") String id)
      throws IOException, PolicyFileException {
    new KeysFile(policy.file()).revoke(id, Instant.ofEpochSecond(Instant.now().getEpochSecond()));
    spec.commandLine().getErr().println("Revoked " + id + ".");
    return 0;
  }

  private @Nullable Zone zone(@Nullable String name) {
    if (name == null) {
      return null;
    }
    for (Zone zone : Zone.values()) {
      if (zone.name().toLowerCase(Locale.ROOT).equals(name)) {
        return zone;
      }
    }
    throw new ParameterException(
        spec.commandLine(), "--farthest-zone is device, site, datacenter or external");
  }

  private @Nullable Instant moment(@Nullable String text) {
    try {
      if (text == null) {
        return null;
      }
      return text.length() == 10
          ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC)
          : Instant.parse(text);
    } catch (DateTimeParseException notATime) {
      throw new ParameterException(
          spec.commandLine(),
          "--expires is a day such as 2027-01-31 or a time such as 2027-01-31T00:00:00Z",
          notATime);
    }
  }
}
