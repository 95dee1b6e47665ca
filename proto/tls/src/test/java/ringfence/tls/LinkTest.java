package ringfence.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.proto.v1.CountTokensRequest;
import ringfence.proto.v1.CountTokensResponse;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.Prompt;
import ringfence.tls.authority.PemFolder;

/// Real gRPC between processes that have certificates, the right ones and all kinds of wrong ones.
@Timeout(60)
class LinkTest {
  private static final String MARK = "the-secret-of-the-prompt";
  private static final Metadata.Key<Failure> TRAILER =
      Metadata.Key.of(
          "ringfence-failure-bin", ProtoUtils.metadataMarshaller(Failure.getDefaultInstance()));
  private static final MethodRules RULES = MethodRules.none().and(Role.ROUTER, "CountTokens");
  private static final ProcessIdentity NODE = ProcessIdentity.parse("node/site/one");

  @TempDir Path folder;
  private final List<ProcessIdentity> callers = new CopyOnWriteArrayList<>();
  private final List<String> prompts = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Fleet fleet;
  private Fleet strangers;

  @BeforeEach
  void start() {
    fleet = new Fleet(folder);
    strangers = new Fleet(folder.resolve("strangers"));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable closing : open.reversed()) {
      closing.close();
    }
  }

  private <T extends AutoCloseable> T keep(T closing) {
    open.add(closing);
    return closing;
  }

  private Server serve(LinkSecurity links) throws IOException {
    var service =
        new GenerationGrpc.GenerationImplBase() {
          @Override
          public void countTokens(
              CountTokensRequest request, StreamObserver<CountTokensResponse> response) {
            if (links.caller() != null) {
              callers.add(links.caller());
            }
            prompts.add(request.getPrompt().getText());
            response.onNext(CountTokensResponse.newBuilder().setPromptTokens(7).build());
            response.onCompleted();
          }
        };
    Server server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                links.server("127.0.0.1"))
            .addService(links.guarded(service, RULES))
            .build()
            .start();
    keep(server::shutdownNow);
    return server;
  }

  /// One call on a connection of its own.
  private Status ask(LinkSecurity links, Peer peer, int port) {
    return Status.fromThrowable(failure(links, peer, port));
  }

  private Throwable failure(LinkSecurity links, Peer peer, int port) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget("dns:///127.0.0.1:" + port, links.channel("127.0.0.1", peer))
            .build();
    try {
      CountTokensResponse answer =
          GenerationGrpc.newBlockingStub(channel)
              .withDeadlineAfter(20, TimeUnit.SECONDS)
              .countTokens(
                  CountTokensRequest.newBuilder()
                      .setPrompt(Prompt.newBuilder().setText(MARK))
                      .build());
      assertThat(answer.getPromptTokens()).isEqualTo(7);
      return Status.OK.asException();
    } catch (StatusRuntimeException failed) {
      return failed;
    } finally {
      channel.shutdownNow();
    }
  }

  private static Peer node() {
    return Peer.exactly(NODE);
  }

  @Test
  void bothSidesProveWhoTheyAre() throws IOException {
    Server server = serve(keep(fleet.open("node/site/one")));
    assertThat(ask(keep(fleet.open("router/main")), node(), server.getPort()).isOk()).isTrue();
    assertThat(callers).containsExactly(ProcessIdentity.parse("router/main"));
    assertThat(prompts).containsExactly(MARK);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway/main", "node/site/one", "node/site/two", "operator/ann"})
  void aWrongRoleIsRefusedInWordsAndInFigures(String identity) throws IOException {
    Server server = serve(keep(fleet.open("node/site/one")));
    Throwable failed = failure(keep(fleet.open(identity)), node(), server.getPort());
    assertThat(Status.fromThrowable(failed).getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    Failure failure = Status.trailersFromThrowable(failed).get(TRAILER);
    assertThat(failure.getReason()).isEqualTo(Failure.Reason.IDENTITY_MISMATCH);
    assertThat(failure.getMessage()).contains(identity, "CountTokens is for router");
    assertThat(prompts).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "node/device/one",
        "node/datacenter/one",
        "node/site/two",
        "router/one",
        "gateway/one"
      })
  void nothingIsSentToAnotherProcess(String there) throws IOException {
    Server server = serve(keep(fleet.open(there)));
    assertThat(ask(keep(fleet.open("router/main")), node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void nothingIsSentWhereTheCertificateIsForAnotherHost() throws IOException {
    fleet.put("one", fleet.issued("node/site/one", List.of("elsewhere.example", "192.0.2.1")));
    Server server = serve(keep(MutualTls.open(fleet.files("one"), node())));
    assertThat(ask(keep(fleet.open("router/main")), node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void aStrangersServerGetsNothing() throws IOException {
    Server server = serve(keep(strangers.open("node/site/one")));
    assertThat(ask(keep(fleet.open("router/main")), node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void aStrangersClientIsRefused() throws IOException {
    Server server = serve(keep(fleet.open("node/site/one")));
    // It believes the fleet's authority, and shows a certificate of its own.
    LinkSecurity stranger = keep(believingBoth("router/main", strangers));
    assertThat(ask(stranger, node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void whoeverHasExpiredIsRefusedOnBothSides() throws IOException {
    Instant then = Instant.now().minus(Duration.ofDays(10));
    InstantSource thatDay = InstantSource.fixed(then.plus(Duration.ofDays(1)));
    for (String identity : List.of("router/main", "node/site/one")) {
      fleet.put(
          "old-" + ProcessIdentity.parse(identity).name(),
          fleet.authority.issue(
              ProcessIdentity.parse(identity), Fleet.HERE, then, Duration.ofDays(3)));
    }
    LinkSecurity router = keep(openAt(thatDay, "old-main", Peer.any(Role.ROUTER)));
    LinkSecurity expiredNode = keep(openAt(thatDay, "old-one", node()));
    Server server = serve(keep(fleet.open("node/site/one")));
    assertThat(ask(router, node(), server.getPort()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    Server expired = serve(expiredNode);
    assertThat(ask(keep(fleet.open("router/main")), node(), expired.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  private MutualTls openAt(InstantSource day, String name, Peer self) {
    return MutualTls.open(fleet.files(name), self, day);
  }

  @Test
  void plaintextIsRefusedByAServerWithTls() throws IOException {
    Server server = serve(keep(fleet.open("node/site/one")));
    assertThat(ask(new LoopbackPlaintext(Fleet.PREFIX), node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void aClientWithTlsSendsNothingToAServerWithoutIt() throws IOException {
    Server server = serve(new LoopbackPlaintext(Fleet.PREFIX));
    assertThat(ask(keep(fleet.open("router/main")), node(), server.getPort()).getCode())
        .isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).isEmpty();
  }

  @Test
  void nothingOlderThanTls13IsSpoken() throws Exception {
    Server server = serve(keep(fleet.open("node/site/one")));
    var context = javax.net.ssl.SSLContext.getInstance("TLS");
    context.init(null, new javax.net.ssl.TrustManager[] {new Gullible()}, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.getPort())) {
      socket.setSoTimeout(20_000);
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
    }
  }

  /// A resumed session would skip the checks of certificates.
  @Test
  void noSessionIsResumed() throws Exception {
    Server server = serve(keep(fleet.open("node/site/one")));
    var shown = new java.util.concurrent.atomic.AtomicInteger();
    CertifiedKey own = fleet.issued("router/main", Fleet.HERE);
    var keys =
        new javax.net.ssl.X509ExtendedKeyManager() {
          @Override
          public String[] getClientAliases(String type, java.security.Principal[] issuers) {
            return new String[] {"own"};
          }

          @Override
          public String chooseClientAlias(
              String[] types, java.security.Principal[] issuers, java.net.Socket socket) {
            shown.incrementAndGet();
            return "own";
          }

          @Override
          public String[] getServerAliases(String type, java.security.Principal[] issuers) {
            return null;
          }

          @Override
          public String chooseServerAlias(
              String type, java.security.Principal[] issuers, java.net.Socket socket) {
            return null;
          }

          @Override
          public java.security.cert.X509Certificate[] getCertificateChain(String alias) {
            return own.chain().toArray(new java.security.cert.X509Certificate[0]);
          }

          @Override
          public java.security.PrivateKey getPrivateKey(String alias) {
            return own.key();
          }
        };
    var context = javax.net.ssl.SSLContext.getInstance("TLSv1.3");
    context.init(
        new javax.net.ssl.KeyManager[] {keys},
        new javax.net.ssl.TrustManager[] {new Gullible()},
        null);
    int connections = 4;
    for (int i = 0; i < connections; i++) {
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.getPort())) {
        socket.setSoTimeout(20_000);
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        // The server's settings come after any ticket would.
        assertThat(socket.getInputStream().read()).isNotNegative();
      }
    }
    assertThat(shown).hasValue(connections);
  }

  private static final class Gullible extends javax.net.ssl.X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(
        java.security.cert.X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkServerTrusted(
        java.security.cert.X509Certificate[] chain, String type, java.net.Socket socket) {}

    @Override
    public void checkClientTrusted(
        java.security.cert.X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public void checkServerTrusted(
        java.security.cert.X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}

    @Override
    public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {}

    @Override
    public java.security.cert.X509Certificate[] getAcceptedIssuers() {
      return new java.security.cert.X509Certificate[0];
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.0.0.1", "192.0.2.7", "example.com", "[2001:db8::1]", "127.0.0.1.example.com",
        "localhost.example.com", "router.localhost", "0.0.0.0", "128.0.0.1", ""
      })
  void withoutTlsNothingLeavesThisMachine(String host) {
    var plain = new LoopbackPlaintext(Fleet.PREFIX);
    assertThatThrownBy(() -> plain.channel(host, node()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Fleet.PREFIX + ".certificate");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.7"})
  void withoutTlsNothingListensBeyondThisMachine(String address) {
    assertThatThrownBy(() -> new LoopbackPlaintext(Fleet.PREFIX).server(address))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Fleet.PREFIX + ".key");
  }

  /// What stands on the wire, in both directions, has nothing of the prompt in it.
  @Test
  void nothingOfAPromptCanBeReadOnTheWire() throws Exception {
    Server secured = serve(keep(fleet.open("node/site/one")));
    Server bare = serve(new LoopbackPlaintext(Fleet.PREFIX));
    LinkSecurity router = keep(fleet.open("router/main"));
    try (WireTap tap = new WireTap(secured.getPort());
        WireTap seesAll = new WireTap(bare.getPort())) {
      for (int i = 0; i < 20; i++) {
        assertThat(ask(router, node(), tap.port()).isOk()).isTrue();
      }
      assertThat(ask(new LoopbackPlaintext(Fleet.PREFIX), node(), seesAll.port()).isOk()).isTrue();
      String wire = tap.seen();
      assertThat(wire.length()).isGreaterThan(20 * MARK.length());
      byte[] mark = MARK.getBytes(StandardCharsets.ISO_8859_1);
      assertThat(wire)
          .doesNotContain(MARK)
          .doesNotContain(Base64.getEncoder().encodeToString(mark).substring(0, 24))
          .doesNotContain("CountTokens");
      // The tap would have seen it.
      assertThat(seesAll.seen()).contains(MARK);
    }
  }

  @Test
  void changedFilesServeNewConnections() throws IOException {
    MutualTls links = keep(fleet.open("node/site/one"));
    Server server = serve(links);
    MutualTls router = keep(fleet.open("router/main"));
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();

    // Another authority; until the router believes it too, nothing goes.
    fleet.put("a", strangers.authority.own());
    fleet.put("node-site-one", strangers.issued("node/site/one", Fleet.HERE));
    links.look();
    assertThat(links.problem()).isNull();
    assertThat(ask(router, node(), server.getPort()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    fleet.put("router-main", strangers.issued("router/main", Fleet.HERE));
    router.look();
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();
  }

  @Test
  void whoWasBelievedBeforeIsNotAfterTheAuthorityIsGone() throws IOException {
    MutualTls links = keep(fleet.open("node/site/one"));
    Server server = serve(links);
    MutualTls router = keep(believingBoth("router/main", fleet));
    for (int i = 0; i < 3; i++) {
      assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();
    }
    // The router would go on; a session that is resumed would let it in.
    fleet.put("a", strangers.authority.own());
    fleet.put("node-site-one", strangers.issued("node/site/one", Fleet.HERE));
    links.look();
    assertThat(links.problem()).isNull();
    assertThat(ask(router, node(), server.getPort()).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(prompts).hasSize(3);
    assertThat(ask(keep(believingBoth("router/main", strangers)), node(), server.getPort()).isOk())
        .isTrue();
  }

  /// A process that has its certificate of one authority and believes both.
  private MutualTls believingBoth(String identity, Fleet issuer) throws IOException {
    issuer.put("both", issuer.issued(identity, Fleet.HERE));
    Path authorities = folder.resolve("both-authorities.pem");
    Files.writeString(
        authorities,
        PemFolder.pem(fleet.authority.certificate())
            + PemFolder.pem(strangers.authority.certificate()));
    return MutualTls.open(
        new TlsFiles(
            Fleet.PREFIX,
            issuer.folder.certificate("both"),
            issuer.folder.key("both"),
            authorities,
            Duration.ofHours(1)),
        Peer.exactly(ProcessIdentity.parse(identity)));
  }

  @Test
  void aChangeThatCannotBeUsedChangesNothing() throws IOException {
    MutualTls links = keep(fleet.open("node/site/one"));
    Server server = serve(links);
    MutualTls router = keep(fleet.open("router/main"));
    TlsFiles files = fleet.files("node-site-one");
    String good = Files.readString(files.certificate());

    Files.writeString(files.certificate(), "-----BEGIN CERTIFICATE-----\nnonsense\n");
    links.look();
    assertThat(links.problem()).startsWith(Fleet.PREFIX + ".certificate: ");
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();

    Files.delete(files.certificate());
    links.look();
    assertThat(links.problem()).contains("there is no file");
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();

    // Half of a change: the new key is there, its certificate is not yet.
    CertifiedKey next = fleet.issued("node/site/one", Fleet.HERE);
    fleet.put("next", next);
    Files.writeString(files.certificate(), good);
    Files.copy(
        fleet.folder.key("next"), files.key(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    links.look();
    assertThat(links.problem()).startsWith(Fleet.PREFIX + ".key: ");
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();

    fleet.put("node-site-one", fleet.issued("node/device/one", Fleet.HERE));
    links.look();
    assertThat(links.problem()).contains("is the certificate of node/device/one");
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();

    fleet.put("node-site-one", next);
    links.look();
    assertThat(links.problem()).isNull();
    assertThat(ask(router, node(), server.getPort()).isOk()).isTrue();
  }

  @Test
  void aMethodWithoutARuleIsOpenToNobody() {
    for (Role role : Role.values()) {
      assertThat(RULES.of("Generate")).doesNotContain(role);
    }
  }
}
