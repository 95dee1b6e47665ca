package ringfence.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;

/// What a revoked certificate may no more: begin a connection, make a call on one that stands, go
/// on with a call.
@Timeout(60)
class RevocationTest {
  private static final MethodRules RULES = MethodRules.none().and(Role.ROUTER, "Generate");
  private static final Peer NODE = Peer.exactly(ProcessIdentity.parse("node/site/one"));

  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final BlockingQueue<StreamObserver<GenerationEvent>> calls = new LinkedBlockingQueue<>();
  private final CountDownLatch callerGone = new CountDownLatch(1);
  private Fleet fleet;
  private Path list;
  private MutualTls node;
  private Server server;

  @BeforeEach
  void start() throws IOException {
    fleet = new Fleet(folder);
    list = folder.resolve("revoked.txt");
    Files.writeString(list, "# nobody\n\n");
    node = keep(opened("node/site/one"));
    var service =
        new GenerationGrpc.GenerationImplBase() {
          @Override
          public void generate(GenerationRequest request, StreamObserver<GenerationEvent> events) {
            ((ServerCallStreamObserver<GenerationEvent>) events)
                .setOnCancelHandler(callerGone::countDown);
            events.onNext(GenerationEvent.getDefaultInstance());
            calls.add(events);
          }
        };
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                node.server("127.0.0.1"))
            .addService(node.guarded(service, RULES))
            .build()
            .start();
    keep(server::shutdownNow);
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

  /// A process that looks at the list.
  private MutualTls opened(String identity) {
    TlsFiles files = fleet.issue(identity.replace('/', '-'), identity);
    return MutualTls.open(
        new TlsFiles(
            files.prefix(),
            files.certificate(),
            files.key(),
            files.authorities(),
            list,
            Duration.ofHours(1)),
        Peer.exactly(ProcessIdentity.parse(identity)));
  }

  private String fingerprint(String identity) throws Exception {
    if (!Files.exists(fleet.folder.certificate(identity.replace('/', '-')))) {
      fleet.issue(identity.replace('/', '-'), identity);
    }
    CertifiedKey key =
        CertifiedKey.read(
            "c",
            fleet.folder.certificate(identity.replace('/', '-')),
            "k",
            fleet.folder.key(identity.replace('/', '-')),
            java.time.Instant.now());
    return HexFormat.ofDelimiter(":")
        .withUpperCase()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(key.chain().getFirst().getEncoded()));
  }

  private ManagedChannel channel(MutualTls links, Runnable revoked) {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(
                "dns:///127.0.0.1:" + server.getPort(), links.channel("127.0.0.1", NODE, revoked))
            .build();
    keep(channel::shutdownNow);
    return channel;
  }

  private static final class Heard implements StreamObserver<GenerationEvent> {
    final CountDownLatch first = new CountDownLatch(1);
    final AtomicInteger events = new AtomicInteger();
    final CompletableFuture<Status> end = new CompletableFuture<>();

    @Override
    public void onNext(GenerationEvent event) {
      events.incrementAndGet();
      first.countDown();
    }

    @Override
    public void onError(Throwable broken) {
      end.complete(Status.fromThrowable(broken));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    Status.Code code() throws Exception {
      return end.get(20, TimeUnit.SECONDS).getCode();
    }
  }

  private static Heard ask(ManagedChannel channel) {
    Heard heard = new Heard();
    GenerationGrpc.newStub(channel).generate(GenerationRequest.getDefaultInstance(), heard);
    return heard;
  }

  @Test
  void aRevokedCallersCallsAreEndedAndItMakesNoOthers() throws Exception {
    ManagedChannel channel = channel(keep(fleet.open("router/main")), () -> {});
    Heard heard = ask(channel);
    StreamObserver<GenerationEvent> served = calls.poll(20, TimeUnit.SECONDS);
    assertThat(heard.first.await(20, TimeUnit.SECONDS)).isTrue();

    Files.writeString(list, "sha256 Fingerprint=" + fingerprint("router/main") + "  # stolen\n");
    node.look();
    assertThat(heard.code()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(callerGone.await(20, TimeUnit.SECONDS)).isTrue();
    // What the service still says goes nowhere and breaks nothing.
    served.onNext(GenerationEvent.getDefaultInstance());
    served.onCompleted();
    assertThat(heard.events).hasValue(1);

    // On the connection that stands, and on a new one.
    assertThat(ask(channel).code()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(
            ask(channel(keep(fleet.open("router/main-2")), () -> {}))
                .first
                .await(20, TimeUnit.SECONDS))
        .isTrue();
    MutualTls again =
        keep(
            MutualTls.open(
                fleet.files("router-main"), Peer.exactly(ProcessIdentity.parse("router/main"))));
    assertThat(ask(channel(again, () -> {})).code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(calls).hasSize(1);
  }

  @Test
  void whoDialsHearsThatTheOtherEndIsRevokedAndDialsItNoMore() throws Exception {
    MutualTls router = keep(opened("router/main"));
    CountDownLatch told = new CountDownLatch(1);
    ManagedChannel channel = channel(router, told::countDown);
    Heard heard = ask(channel);
    assertThat(heard.first.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(told.getCount()).isEqualTo(1);

    Files.writeString(
        list, fingerprint("node/site/one").replace(":", "").toLowerCase(java.util.Locale.ROOT));
    router.look();
    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
    channel.shutdownNow();
    assertThat(heard.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(ask(channel(router, () -> {})).code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(calls).hasSize(1);
  }

  @Test
  void aListThatCannotBeReadChangesNothingAndIsNamed() throws Exception {
    Files.writeString(list, fingerprint("router/main-2") + "\nAB:CD\n");
    assertThatThrownBy(() -> opened("router/main"))
        .hasMessageContaining(Fleet.PREFIX + ".revoked: " + list + ", line 2");
    node.look();
    assertThat(node.problem()).contains(".revoked: ", "line 2");
    assertThat(
            ask(channel(keep(fleet.open("router/main")), () -> {}))
                .first
                .await(20, TimeUnit.SECONDS))
        .isTrue();
    Files.delete(list);
    node.look();
    assertThat(node.problem()).contains(".revoked: there is no file");
  }
}
