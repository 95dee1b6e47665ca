package ringfence.router;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.CancelResponse;
import ringfence.proto.v1.ChoiceStart;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.FleetGrpc;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.proto.v1.Started;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.Usage;
import ringfence.proto.v1.Zone;
import ringfence.tls.LinkSecurity;
import ringfence.tls.LoopbackPlaintext;
import ringfence.tls.Peer;
import ringfence.tls.Role;

/// A node that speaks real gRPC over loopback and computes nothing: token `offset` of choice `c` is
/// `1000 * c + offset`, its text `<c:offset>`. What it does with an attempt is its [Behaviour].
public final class FakeNode extends GenerationGrpc.GenerationImplBase implements AutoCloseable {
  public static final String DIGEST = "a".repeat(64);
  public static final String MODEL = "tiny";

  /// What a node does with an attempt.
  public interface Behaviour {
    void run(GenerationRequest request, ServerCallStreamObserver<GenerationEvent> events);
  }

  public final BlockingQueue<GenerationRequest> requests = new LinkedBlockingQueue<>();
  public final BlockingQueue<CancelRequest> cancels = new LinkedBlockingQueue<>();
  public final BlockingQueue<String> streamEnds = new LinkedBlockingQueue<>();
  public final BlockingQueue<Failure> refusals = new LinkedBlockingQueue<>();
  public final AtomicLong eventsSent = new AtomicLong();
  public final AtomicInteger openStreams = new AtomicInteger();
  public volatile Behaviour behaviour = answering(8);
  public volatile String digest = DIGEST;
  public volatile String numerics = "fake-v1";
  public volatile boolean deterministic = true;
  public volatile int contextLength = 8192;
  public volatile int maxSequences = 16;
  private volatile String padding = "";
  public volatile Zone zone = Zone.ZONE_SITE;
  public final String name;
  public final String incarnation = UUID.randomUUID().toString();
  public volatile @Nullable String address;
  private final LinkSecurity links;
  private final Server server;
  private ManagedChannel toRouter;
  private StreamObserver<NodeReport> reports;
  private long sequenceNumber;

  public FakeNode(String name) {
    this(name, new LoopbackPlaintext("ringfence.test.tls"));
  }

  public FakeNode(String name, LinkSecurity links) {
    this.name = name;
    this.links = links;
    try {
      server =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                  links.server("127.0.0.1"))
              .permitKeepAliveTime(1, TimeUnit.SECONDS)
              .maxInboundMessageSize(64 << 20)
              .addService(this)
              .build()
              .start();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  public FakeNode in(Zone newZone) {
    zone = newZone;
    return this;
  }

  public FakeNode withContext(int tokens) {
    contextLength = tokens;
    return this;
  }

  public FakeNode doing(Behaviour newBehaviour) {
    behaviour = newBehaviour;
    return this;
  }

  /// Registers and returns when the router has answered.
  public FakeNode register(InetSocketAddress router) throws InterruptedException {
    toRouter =
        NettyChannelBuilder.forTarget(
                "dns:///127.0.0.1:" + router.getPort(),
                links.channel("127.0.0.1", Peer.any(Role.ROUTER)))
            .build();
    CountDownLatch registered = new CountDownLatch(1);
    reports =
        FleetGrpc.newStub(toRouter)
            .report(
                new StreamObserver<>() {
                  @Override
                  public void onNext(RouterCommand command) {
                    registered.countDown();
                  }

                  @Override
                  public void onError(Throwable broken) {
                    var trailers = Status.trailersFromThrowable(broken);
                    if (trailers != null && trailers.containsKey(Failures.TRAILER)) {
                      refusals.add(trailers.get(Failures.TRAILER));
                    }
                    streamEnds.add(Status.fromThrowable(broken).toString());
                    registered.countDown();
                  }

                  @Override
                  public void onCompleted() {
                    streamEnds.add("completed");
                  }
                });
    send(NodeReport.newBuilder().setRegistration(registration()));
    if (!registered.await(10, TimeUnit.SECONDS) || !streamEnds.isEmpty()) {
      throw new IllegalStateException("not registered: " + streamEnds);
    }
    return this;
  }

  public NodeRegistration.Builder registration() {
    return NodeRegistration.newBuilder()
        .setNode(name)
        .setIncarnation(incarnation)
        .setZone(zone)
        .setAddress(address == null ? address() : address)
        .setNumerics(numerics)
        .setDeterministic(deterministic)
        .addModels(
            ServedModel.newBuilder()
                .setName(MODEL)
                .setDigest(digest)
                .setContextLength(contextLength)
                .setKvTokens(65536)
                .setKvPageTokens(16)
                .setMaxSequences(maxSequences));
  }

  /// Where its Generation service is.
  public String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /// Registers anew on the stream that it has.
  public void registerAgain() {
    send(NodeReport.newBuilder().setRegistration(registration()));
  }

  public void report(NodeState state) {
    send(NodeReport.newBuilder().setLoad(NodeLoad.newBuilder().setState(state)));
  }

  private synchronized void send(NodeReport.Builder report) {
    reports.onNext(report.setSequenceNumber(++sequenceNumber).build());
  }

  @Override
  public void generate(GenerationRequest request, StreamObserver<GenerationEvent> observer) {
    var events = (ServerCallStreamObserver<GenerationEvent>) observer;
    openStreams.incrementAndGet();
    events.setOnCancelHandler(() -> {
      openStreams.decrementAndGet();
      streamEnds.add("cancelled " + request.getRequestId());
    });
    requests.add(request);
    behaviour.run(request, events);
  }

  @Override
  public void cancel(CancelRequest request, StreamObserver<CancelResponse> response) {
    cancels.add(request);
    response.onNext(CancelResponse.getDefaultInstance());
    response.onCompleted();
  }

  /// Answers each choice with that many tokens in all.
  public Behaviour answering(int tokens) {
    return (request, events) -> {
      begin(request, events);
      tokens(request, events, tokens);
      end(request, events, tokens);
    };
  }

  /// Sends so many tokens of each choice and then dies as a process does: its connections break.
  public Behaviour dyingAfter(int tokens) {
    return (request, events) -> {
      begin(request, events);
      tokens(request, events, tokens);
      kill();
    };
  }

  /// Refuses before it starts.
  public Behaviour refusing(Failure.Reason reason) {
    return (request, events) -> {
      openStreams.decrementAndGet();
      events.onError(Failures.toException(Failures.of(reason, "refused by the fake")));
    };
  }

  /// Starts, sends so many tokens and then nothing.
  public Behaviour stallingAfter(int tokens) {
    return (request, events) -> {
      begin(request, events);
      tokens(request, events, tokens);
    };
  }

  /// Sends tokens as fast as the reader takes them.
  public Behaviour flooding(int tokens, int bytes) {
    padding = ".".repeat(bytes);
    return (request, events) -> {
      begin(request, events);
      AtomicInteger offset = new AtomicInteger();
      events.setOnReadyHandler(() -> {
        while (events.isReady() && offset.get() < tokens) {
          token(request, events, 0, offset.getAndIncrement());
          if (offset.get() == tokens) {
            end(request, events, tokens);
          }
        }
      });
    };
  }

  public void begin(GenerationRequest request, StreamObserver<GenerationEvent> events) {
    events.onNext(
        GenerationEvent.newBuilder()
            .setAttempt(request.getAttempt())
            .setStarted(
                Started.newBuilder()
                    .setPromptTokens(5)
                    .setModelDigest(digest)
                    .setNumerics(numerics)
                    .setDeterministic(deterministic))
            .build());
  }

  public void tokens(GenerationRequest request, StreamObserver<GenerationEvent> events, int until) {
    for (ChoiceStart choice : request.getChoicesList()) {
      for (int offset = choice.getAnswerTokenIdsCount(); offset < until; offset++) {
        token(request, events, choice.getIndex(), offset);
      }
    }
  }

  public void token(
      GenerationRequest request, StreamObserver<GenerationEvent> events, int choice, int offset) {
    eventsSent.incrementAndGet();
    events.onNext(
        GenerationEvent.newBuilder()
            .setAttempt(request.getAttempt())
            .setToken(
                Token.newBuilder()
                    .setChoice(choice)
                    .setOffset(offset)
                    .setId(1000 * choice + offset)
                    .setText("<" + choice + ":" + offset + ">" + padding))
            .build());
  }

  public void end(GenerationRequest request, StreamObserver<GenerationEvent> events, int length) {
    for (ChoiceStart choice : request.getChoicesList()) {
      finish(request, events, choice.getIndex(), length);
    }
    done(request, events);
  }

  public void finish(
      GenerationRequest request, StreamObserver<GenerationEvent> events, int choice, int length) {
    events.onNext(
        GenerationEvent.newBuilder()
            .setAttempt(request.getAttempt())
            .setFinish(
                Finish.newBuilder()
                    .setChoice(choice)
                    .setOffset(length)
                    .setReason(FinishReason.FINISH_REASON_LENGTH))
            .build());
  }

  public void done(GenerationRequest request, StreamObserver<GenerationEvent> events) {
    events.onNext(
        GenerationEvent.newBuilder()
            .setAttempt(request.getAttempt())
            .setDone(Done.newBuilder().setUsage(Usage.newBuilder().setPromptTokens(5)))
            .build());
    events.onCompleted();
    openStreams.decrementAndGet();
  }

  /// Goes on with the first choice from token 1 to its end.
  public void answerRest(
      GenerationRequest request, StreamObserver<GenerationEvent> events, int length) {
    for (int offset = 1; offset < length; offset++) {
      token(request, events, 0, offset);
    }
    end(request, events, length);
  }

  public List<Integer> idsOf(GenerationRequest request, int choice) {
    return request.getChoicesList().stream()
        .filter(start -> start.getIndex() == choice)
        .findFirst()
        .orElseThrow()
        .getAnswerTokenIdsList();
  }

  /// Dies at once.
  public void kill() {
    server.shutdownNow();
    if (toRouter != null) {
      toRouter.shutdownNow();
    }
  }

  /// Its Generation service is gone, its reports are not.
  public void stopServing() throws InterruptedException {
    server.shutdownNow();
    server.awaitTermination(10, TimeUnit.SECONDS);
  }

  /// Its report stream breaks, its answers go on.
  public void loseRouter() {
    toRouter.shutdownNow();
  }

  @Override
  public void close() {
    kill();
  }
}
