package ringfence.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.vertx.core.Vertx;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.gateway.FakeRouter;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.tls.MutualTls;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;
import ringfence.tls.TlsFiles;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// A gateway whose router's certificate is revoked while it answers.
@Timeout(60)
class RevokedRouterTest {
  private static final List<String> HERE = List.of("localhost", "127.0.0.1");

  @TempDir Path folder;
  private final Vertx vertx = Vertx.vertx();
  private final CertificateAuthority authority =
      CertificateAuthority.create("tests", Instant.now(), Duration.ofDays(2));
  private Path list;
  private MutualTls ofRouter;
  private FakeRouter router;
  private Routers routers;

  @BeforeEach
  void start() throws Exception {
    new PemFolder(folder).write("authority", authority.own(), true);
    list = Files.writeString(folder.resolve("revoked"), "");
    ofRouter = MutualTls.open(files("router", "router/main", null), Peer.any(Role.ROUTER));
    router = new FakeRouter(0, ofRouter);
    var own = MutualTls.open(files("gateway", "gateway/front", list), Peer.any(Role.GATEWAY));
    routers = new Routers(List.of("127.0.0.1:" + router.port()), own);
  }

  @AfterEach
  void stop() {
    routers.close();
    router.close();
    ofRouter.close();
    vertx.close();
  }

  private TlsFiles files(String name, String identity, @Nullable Path revoked) throws Exception {
    new PemFolder(folder)
        .write(
            name,
            authority.issue(
                ProcessIdentity.parse(identity), HERE, Instant.now(), Duration.ofDays(1)),
            true);
    return new TlsFiles(
        "ringfence.test.tls",
        folder.resolve(name + ".pem"),
        folder.resolve(name + ".key"),
        folder.resolve("authority.pem"),
        revoked,
        Duration.ofMillis(20));
  }

  private void list(String revoked) throws Exception {
    Path next = Files.writeString(folder.resolve("next"), revoked);
    Files.move(next, list, StandardCopyOption.REPLACE_EXISTING);
  }

  private String fingerprint() throws Exception {
    byte[] pem = Files.readAllBytes(folder.resolve("router.pem"));
    var certificate =
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
  }

  private final class Heard implements RouterCall.Listener<RouteEvent> {
    final CompletableFuture<RouteEvent> first = new CompletableFuture<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void onMessage(RouteEvent message) {
      first.complete(message);
    }

    @Override
    public void onEnd(Status status, @Nullable Metadata trailers) {
      end.complete(status);
    }
  }

  private Heard ask(String model) {
    Heard heard = new Heard();
    var question =
        RouteRequest.newBuilder()
            .setRequestId("r-" + model)
            .setModel(model)
            .setChoices(1)
            .setPrompt(Prompt.newBuilder().setText("a b"))
            .build();
    routers
        .generate(
            question, Deadline.after(30, TimeUnit.SECONDS), vertx.getOrCreateContext(), heard, null)
        .start();
    return heard;
  }

  @Test
  void itsAnswersEndAndItIsAskedNothingMore() throws Exception {
    Heard heard = ask("stuck");
    heard.first.get(20, TimeUnit.SECONDS);
    assertThat(heard.end).isNotDone();
    assertThat(router.seen()).hasSize(1);

    list(fingerprint());
    assertThat(heard.end.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(router.cancelled().poll(20, TimeUnit.SECONDS)).isEqualTo("r-stuck");
    assertThat(ask("echo").end.get(20, TimeUnit.SECONDS).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(router.seen()).hasSize(1);
  }

  @Test
  void onceItIsBelievedAgainItIsAskedAgain() throws Exception {
    assertThat(isAnswered()).isTrue();
    list(fingerprint());
    awaitAnswered(false);
    list("");
    awaitAnswered(true);
  }

  private boolean isAnswered() throws Exception {
    return ask("echo").end.get(20, TimeUnit.SECONDS).isOk();
  }

  private void awaitAnswered(boolean wanted) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (isAnswered() != wanted) {
      assertThat(System.nanoTime()).as("within 20 s").isLessThan(deadline);
      LockSupport.parkNanos(5_000_000);
    }
  }
}
