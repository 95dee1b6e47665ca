package ringfence.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.gateway.FakeRouter;
import ringfence.tls.MutualTls;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;
import ringfence.tls.TlsFiles;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// The gateway with HTTPS for clients, keys, and TLS to its router.
@QuarkusTest
@TestProfile(HttpsTest.Secured.class)
@Timeout(120)
class HttpsTest {
  /// What an operator sets.
  public static final class Secured implements QuarkusTestProfile {
    @Override
    public List<TestResourceEntry> testResources() {
      return List.of(new TestResourceEntry(Pems.class));
    }

    @Override
    public boolean disableGlobalTestResources() {
      return true;
    }
  }

  /// An authority, its certificates, and a router that has one.
  public static final class Pems implements QuarkusTestResourceLifecycleManager {
    static Path folder;
    static CertificateAuthority authority;
    private FakeRouter router;
    private MutualTls links;

    @Override
    public Map<String, String> start() {
      try {
        folder = Files.createTempDirectory("https-test");
        authority = CertificateAuthority.create("tests", Instant.now(), Duration.ofDays(9));
        PemFolder pems = new PemFolder(folder);
        pems.write("authority", authority.own(), true);
        issue("https", null);
        issue("gateway", "gateway/test");
        issue("router", "router/test");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      links =
          MutualTls.open(
              new TlsFiles(
                  "test",
                  folder.resolve("router.pem"),
                  folder.resolve("router.key"),
                  folder.resolve("authority.pem"),
                  Duration.ofHours(1)),
              Peer.any(Role.ROUTER));
      router = new FakeRouter(0, links);
      return Map.of(
          "ringfence.gateway.routers",
          "127.0.0.1:" + router.port(),
          "ringfence.gateway.tls.certificate",
          folder.resolve("gateway.pem").toString(),
          "ringfence.gateway.tls.key",
          folder.resolve("gateway.key").toString(),
          "ringfence.gateway.tls.authorities",
          folder.resolve("authority.pem").toString(),
          "ringfence.gateway.https.certificate",
          folder.resolve("https.pem").toString(),
          "ringfence.gateway.https.key",
          folder.resolve("https.key").toString(),
          "ringfence.gateway.https.poll",
          "200ms",
          "ringfence.gateway.require-keys",
          "true",
          "quarkus.http.test-ssl-port",
          "0",
          // Where other machines may ask for health and metrics they do so by HTTPS.
          "quarkus.management.host",
          "0.0.0.0");
    }

    static void issue(String name, String identity) throws IOException {
      List<String> hosts = List.of("localhost", "127.0.0.1");
      Duration valid = Duration.ofDays(1);
      new PemFolder(folder)
          .write(
              name,
              identity == null
                  ? authority.issueHttps(hosts, Instant.now(), valid)
                  : authority.issue(ProcessIdentity.parse(identity), hosts, Instant.now(), valid),
              true);
    }

    @Override
    public void stop() {
      router.close();
      links.close();
    }
  }

  @Inject TlsConfigurationRegistry registry;

  @ConfigProperty(name = "quarkus.http.insecure-requests")
  String plaintext;

  @ConfigProperty(name = "test.url.ssl")
  String url;

  @TestHTTPResource(value = "/", management = true)
  URI watched;

  private static SSLContext trust() throws Exception {
    KeyStore believed = KeyStore.getInstance("PKCS12");
    believed.load(null, null);
    believed.setCertificateEntry("authority", Pems.authority.certificate());
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(believed);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return context;
  }

  private int port() {
    return URI.create(url).getPort();
  }

  private HttpResponse<String> models(HttpClient client, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port() + "/v1/models"))
            .timeout(Duration.ofSeconds(30));
    return client.send(
        (headers.length == 0 ? request : request.headers(headers)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /// Null where the connection met the moment of a change.
  private X509Certificate shown() throws Exception {
    try {
      return shownNow();
    } catch (SSLHandshakeException | java.net.SocketException cutOff) {
      return null;
    }
  }

  private X509Certificate shownNow() throws Exception {
    try (SSLSocket socket =
        (SSLSocket) trust().getSocketFactory().createSocket("127.0.0.1", port())) {
      socket.setSoTimeout(20_000);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  @Test
  void clientsAreAnsweredOverHttpsWithAKeyAndOnlySo() throws Exception {
    assertThat(plaintext).isEqualTo("disabled");
    try (HttpClient client = HttpClient.newBuilder().sslContext(trust()).build()) {
      assertThat(models(client).statusCode()).isEqualTo(401);
      // Through mutual TLS from the router.
      HttpResponse<String> answer = models(client, "Authorization", "Bearer rf-some");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("publisher/echo");
    }
    try (HttpClient suspicious = HttpClient.newHttpClient()) {
      assertThatThrownBy(() -> models(suspicious)).isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void healthBeyondLoopbackIsToldByHttps() throws Exception {
    URI health = URI.create("https://127.0.0.1:" + watched.getPort() + "/q/health/live");
    try (HttpClient client = HttpClient.newBuilder().sslContext(trust()).build()) {
      HttpRequest request = HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(30)).build();
      assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void nobodyAnswersPlainHttp() throws Exception {
    answersNoPlainHttp(port());
    answersNoPlainHttp(watched.getPort());
  }

  private static void answersNoPlainHttp(int port) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(20_000);
      socket
          .getOutputStream()
          .write(
              "GET /q/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      byte[] said;
      try {
        said = socket.getInputStream().readAllBytes();
      } catch (IOException reset) {
        said = new byte[0];
      }
      assertThat(new String(said, StandardCharsets.ISO_8859_1)).doesNotContain("HTTP/1");
    }
  }

  @Test
  void aChangedCertificateIsShownAndABrokenOneIsNot() throws Exception {
    await(() -> shown() != null);
    X509Certificate first = shown();
    Pems.issue("https", null);
    X509Certificate second = PemFolder.first(Pems.folder.resolve("https.pem"));
    await(() -> second.equals(shown()));
    assertThat(first).isNotEqualTo(second);

    Files.writeString(Pems.folder.resolve("https.pem"), "nothing");
    assertThat(registry.get("https").orElseThrow().reload()).isFalse();
    assertThat(shown()).isEqualTo(second);

    // A key that is not the certificate's would break every handshake.
    Pems.issue("https", null);
    Files.copy(
        Pems.folder.resolve("gateway.key"),
        Pems.folder.resolve("https.key"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertThat(registry.get("https").orElseThrow().reload()).isFalse();

    Pems.issue("https", null);
    X509Certificate third = PemFolder.first(Pems.folder.resolve("https.pem"));
    await(() -> third.equals(shown()));
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(Condition condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within 30 s");
      }
      LockSupport.parkNanos(20_000_000);
    }
  }
}
