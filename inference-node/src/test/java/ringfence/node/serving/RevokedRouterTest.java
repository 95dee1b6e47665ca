package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.node.serving.NodeSettings.HostPort;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouterCommand;
import ringfence.tls.MutualTls;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;
import ringfence.tls.TlsFiles;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// A node tells a router whose certificate is revoked nothing more, on a connection that stands
/// either.
@Timeout(60)
class RevokedRouterTest {
  private static final List<String> HERE = List.of("localhost", "127.0.0.1");

  @TempDir Path folder;
  private final CertificateAuthority authority =
      CertificateAuthority.create("tests", Instant.now(), Duration.ofDays(2));
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    timer.shutdown();
  }

  private TlsFiles files(String name, String identity, @Nullable Path revoked) throws Exception {
    var pems = new PemFolder(folder);
    pems.write("authority", authority.own(), true);
    pems.write(
        name,
        authority.issue(ProcessIdentity.parse(identity), HERE, Instant.now(), Duration.ofDays(1)),
        true);
    return new TlsFiles(
        "ringfence.test.tls",
        folder.resolve(name + ".pem"),
        folder.resolve(name + ".key"),
        folder.resolve("authority.pem"),
        revoked,
        Duration.ofMillis(20));
  }

  private String fingerprint() throws Exception {
    byte[] pem = Files.readAllBytes(folder.resolve("router.pem"));
    var certificate =
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
  }

  /// Hears who registers and whose stream breaks.
  private final class Hearing extends FleetGrpc.FleetImplBase {
    @Override
    public StreamObserver<NodeReport> report(StreamObserver<RouterCommand> answers) {
      return new StreamObserver<>() {
        @Override
        public void onNext(NodeReport report) {
          heard.add(report.hasRegistration() ? "registered" : "reported");
        }

        @Override
        public void onError(Throwable failure) {
          heard.add("broken");
        }

        @Override
        public void onCompleted() {
          heard.add("completed");
        }
      };
    }
  }

  @Test
  void itsStreamEndsAndAnotherStandsOnlyOnceItIsBelievedAgain() throws Exception {
    Path list = Files.writeString(folder.resolve("revoked"), "");
    try (var ofRouter =
            MutualTls.open(files("router", "router/main", null), Peer.any(Role.ROUTER));
        var ofNode = MutualTls.open(files("node", "node/site/one", list), Peer.any(Role.NODE))) {
      Server router =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                  ofRouter.server("127.0.0.1"))
              .addService(new Hearing())
              .build()
              .start();
      var link =
          new RouterLink(
              new HostPort("127.0.0.1", router.getPort()),
              timer,
              NodeRegistration::getDefaultInstance,
              NodeLoad::getDefaultInstance,
              new NodeStatus(),
              ofNode);
      link.start();
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("registered");

      list(list, fingerprint());
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("broken");
      // It dials on meanwhile, and says nothing.
      assertThat(heard.poll(500, TimeUnit.MILLISECONDS)).isNull();
      list(list, "");
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("registered");
      link.close();
      assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("completed");
      router.shutdownNow();
    }
  }

  private void list(Path list, String revoked) throws Exception {
    Path next = Files.writeString(folder.resolve("next"), revoked);
    Files.move(next, list, StandardCopyOption.REPLACE_EXISTING);
  }
}
