package ringfence.router.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import ringfence.router.egress.OperatorCall;
import ringfence.tls.LinkSecurity;
import ringfence.tls.Peer;
import ringfence.tls.Role;
import ringfence.tls.TlsFiles;
import ringfence.tls.authority.PemFolder;

/// Which router an operator calls, and by which certificate.
final class RouterOptions {
  private static final String CERTIFICATES = "--certificates";

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      description = "The router's gRPC address (default: ${DEFAULT-VALUE}).",
      defaultValue = "127.0.0.1:7410")
  private String router = "";

  @Option(
      names = CERTIFICATES,
      paramLabel = "FOLDER",
      description =
          "For a router with TLS: a folder with authority.pem and one operator's certificate and"
              + " key, as 'certificates create operator/NAME' makes them.")
  private @Nullable Path certificates;

  /// Empties a node, or lets it take attempts again.
  int drain(String node, boolean resume) throws IOException {
    try (LinkSecurity links = links()) {
      return OperatorCall.drain(router, node, resume, AdminKey.ofEnvironment(), links);
    }
  }

  private LinkSecurity links() throws IOException {
    return LinkSecurity.of(
        certificates == null ? null : files(certificates), CERTIFICATES, Peer.any(Role.OPERATOR));
  }

  private static TlsFiles files(Path folder) throws IOException {
    List<String> operators;
    try (Stream<Path> all = Files.list(folder)) {
      operators =
          all.map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith("operator-") && name.endsWith(".pem"))
              .map(name -> name.substring(0, name.length() - ".pem".length()))
              .toList();
    }
    if (operators.size() != 1) {
      throw new IllegalArgumentException(
          CERTIFICATES
              + ": "
              + folder
              + " has to hold one operator's certificate (operator-NAME.pem) and holds "
              + operators.size());
    }
    PemFolder pems = new PemFolder(folder);
    String name = operators.getFirst();
    return new TlsFiles(
        CERTIFICATES,
        pems.certificate(name),
        pems.key(name),
        pems.certificate("authority"),
        Duration.ofHours(1));
  }
}
