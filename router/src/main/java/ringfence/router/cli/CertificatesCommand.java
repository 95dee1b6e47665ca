package ringfence.router.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringfence.tls.CertifiedKey;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// `router certificates`: an authority for a fleet and what it issues.
@Command(
    name = "certificates",
    description = "Makes an authority and the certificates of gateways, routers, nodes, operators.",
    mixinStandardHelpOptions = true)
final class CertificatesCommand implements Runnable {
  private static final String AUTHORITY = "authority";
  private static final String HTTPS = "https/";
  private static final Duration AUTHORITY_VALID = Duration.ofDays(3650);
  private static final int MAX_DAYS = 3650;

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "expected create or show");
  }

  @Command(
      name = "create",
      description = {
        "Makes certificates with their keys, and first the authority where the folder has none.",
        "Whoever has authority.key can make any process of the fleet: keep it off its machines."
      },
      mixinStandardHelpOptions = true)
  int create(
      @Parameters(
              arity = "1..*",
              paramLabel = "IDENTITY",
              description =
                  "gateway/NAME, router/NAME, operator/NAME, node/ZONE/NAME, or https/NAME for what"
                      + " clients of a gateway see.")
          List<String> identities,
      @Option(names = "--folder", required = true, description = "Where all of it lies.")
          Path folder,
      @Option(
              names = "--host",
              description =
                  "A name or address by which others reach these processes; may be repeated"
                      + " (default: localhost, 127.0.0.1 and ::1).")
          @Nullable List<String> hosts,
      @Option(
              names = "--days",
              defaultValue = "365",
              description = "How long they are valid (default: ${DEFAULT-VALUE}).")
          int days,
      @Option(names = "--replace", description = "Renews what is there, with a new key.")
          boolean replace)
      throws IOException {
    if (days < 1 || days > MAX_DAYS) {
      throw new ParameterException(spec.commandLine(), "--days is 1 to " + MAX_DAYS);
    }
    Map<String, @Nullable ProcessIdentity> asked = new LinkedHashMap<>();
    for (String identity : identities) {
      asked.put(identity.replace('/', '-'), parsed(identity));
    }
    List<String> reachable =
        hosts == null || hosts.isEmpty() ? List.of("localhost", "127.0.0.1", "::1") : hosts;
    for (String host : reachable) {
      if (!host.matches("[A-Za-z0-9*._:-]{1,253}")) {
        throw new ParameterException(
            spec.commandLine(), "--host is a name or an address, not '" + host + "'");
      }
    }
    Instant now = Instant.now();
    PemFolder pems = new PemFolder(folder);
    CertificateAuthority authority = authority(pems, now);
    PrintWriter out = spec.commandLine().getOut();
    for (var one : asked.entrySet()) {
      ProcessIdentity identity = one.getValue();
      Duration valid = Duration.ofDays(days);
      CertifiedKey issued =
          identity == null
              ? authority.issueHttps(reachable, now, valid)
              : authority.issue(identity, reachable, now, valid);
      pems.write(one.getKey(), issued, replace);
      out.printf(
          "%s proves %s, until %s%n",
          pems.certificate(one.getKey()),
          identity == null ? String.join(", ", reachable) : identity,
          issued.validUntil());
    }
    out.flush();
    return 0;
  }

  private @Nullable ProcessIdentity parsed(String identity) {
    if (identity.matches(HTTPS + "[A-Za-z0-9._-]{1,64}")) {
      return null;
    }
    try {
      return ProcessIdentity.parse(identity);
    } catch (IllegalArgumentException unknown) {
      throw new ParameterException(
          spec.commandLine(), unknown.getMessage() + "; or https/NAME", unknown);
    }
  }

  private CertificateAuthority authority(PemFolder folder, Instant now) throws IOException {
    Path certificate = folder.certificate(AUTHORITY);
    Path key = folder.key(AUTHORITY);
    if (Files.exists(certificate) || Files.exists(key)) {
      return CertificateAuthority.read(certificate, key, now);
    }
    CertificateAuthority made =
        CertificateAuthority.create("Ringfence authority", now, AUTHORITY_VALID);
    folder.write(AUTHORITY, made.own(), false);
    spec.commandLine()
        .getErr()
        .println("Made an authority: " + certificate + "; its key is " + key + ".");
    return made;
  }

  @Command(
      name = "show",
      description = "Says what a certificate proves, for which hosts and until when.",
      mixinStandardHelpOptions = true)
  int show(@Parameters(paramLabel = "FILE", description = "A PEM file.") Path file)
      throws IOException, CertificateException {
    X509Certificate certificate = PemFolder.first(file);
    List<String> hosts = new ArrayList<>();
    var names = certificate.getSubjectAlternativeNames();
    if (names != null) {
      names.stream()
          .filter(name -> !Integer.valueOf(6).equals(name.get(0)))
          .forEach(name -> hosts.add(String.valueOf(name.get(1))));
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf("proves  %s%n", proven(certificate));
    out.printf("hosts   %s%n", hosts.isEmpty() ? "none" : String.join(", ", hosts));
    out.printf("until   %s%n", certificate.getNotAfter().toInstant());
    out.printf("issuer  %s%n", certificate.getIssuerX500Principal().getName());
    out.flush();
    return 0;
  }

  private static String proven(X509Certificate certificate) {
    if (certificate.getBasicConstraints() >= 0) {
      return "nothing: it is an authority";
    }
    try {
      return ProcessIdentity.of(certificate).toString();
    } catch (CertificateException nobody) {
      return "nothing: " + nobody.getMessage();
    }
  }
}
