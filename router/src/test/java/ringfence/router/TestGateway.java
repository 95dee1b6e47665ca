package ringfence.router;

import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.proto.v1.Token;
import ringfence.proto.v1.Zone;
import ringfence.tls.LinkSecurity;
import ringfence.tls.LoopbackPlaintext;
import ringfence.tls.Peer;
import ringfence.tls.Role;

/// A gateway of tests: asks a router over real gRPC.
public final class TestGateway implements AutoCloseable {
  private static final AtomicInteger IDS = new AtomicInteger();
  public final ManagedChannel channel;

  public TestGateway(InetSocketAddress router) {
    this(router, new LoopbackPlaintext("ringfence.test.tls"));
  }

  public TestGateway(InetSocketAddress router, LinkSecurity links) {
    channel =
        NettyChannelBuilder.forTarget(
                "dns:///127.0.0.1:" + router.getPort(),
                links.channel("127.0.0.1", Peer.any(Role.ROUTER)))
            .build();
  }

  public RoutingGrpc.RoutingBlockingStub blocking() {
    return RoutingGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  public static RouteRequest.Builder request() {
    return RouteRequest.newBuilder()
        .setRequestId("request-" + IDS.incrementAndGet())
        .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE))
        .setModel(FakeNode.MODEL)
        .setChoices(1)
        .setPrompt(
            Prompt.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .addParts(ContentPart.newBuilder().setText("hello")))));
  }

  /// Asks and reads everything as it comes.
  public Reading ask(RouteRequest request) {
    Reading reading = new Reading(1);
    RoutingGrpc.newStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS).generate(request, reading);
    return reading;
  }

  /// Asks and reads nothing until it is told to.
  public Reading askSlowly(RouteRequest request) {
    Reading reading = new Reading(0);
    RoutingGrpc.newStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS).generate(request, reading);
    return reading;
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  /// An answer being read.
  public static final class Reading implements ClientResponseObserver<RouteRequest, RouteEvent> {
    public final List<RouteEvent> events = new CopyOnWriteArrayList<>();
    public final AtomicInteger tokens = new AtomicInteger();
    public final CompletableFuture<Status> end = new CompletableFuture<>();
    private final CompletableFuture<Failure> failure = new CompletableFuture<>();
    private final int ahead;
    public volatile boolean keep = true;
    private ClientCallStreamObserver<RouteRequest> call;

    Reading(int ahead) {
      this.ahead = ahead;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<RouteRequest> starting) {
      call = starting;
      call.disableAutoRequestWithInitial(ahead);
    }

    @Override
    public void onNext(RouteEvent event) {
      if (keep) {
        events.add(event);
      }
      if (event.hasToken()) {
        tokens.incrementAndGet();
      }
      synchronized (this) {
        notifyAll();
      }
      if (ahead > 0) {
        call.request(1);
      }
    }

    @Override
    public void onError(Throwable broken) {
      var trailers = Status.trailersFromThrowable(broken);
      Failure carried = trailers == null ? null : trailers.get(Failures.TRAILER);
      failure.complete(carried == null ? Failure.getDefaultInstance() : carried);
      end.complete(Status.fromThrowable(broken));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    public void request(int count) {
      call.request(count);
    }

    public void hangUp() {
      call.cancel("the client has gone", null);
    }

    public void awaitTokens(int count) throws InterruptedException {
      await(() -> tokens.get() >= count);
    }

    public void awaitEvents(int count) throws InterruptedException {
      await(() -> events.size() >= count);
    }

    private synchronized void await(BooleanSupplier condition) throws InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (!condition.getAsBoolean()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0 || end.isDone()) {
          throw new AssertionError("got " + tokens + " tokens, then " + end);
        }
        wait(left);
      }
    }

    public Status.Code code() throws Exception {
      return end.get(30, TimeUnit.SECONDS).getCode();
    }

    public Failure failure() throws Exception {
      return failure.get(30, TimeUnit.SECONDS);
    }

    public List<Token> tokensOf(int choice) {
      return events.stream()
          .filter(RouteEvent::hasToken)
          .map(RouteEvent::getToken)
          .filter(token -> token.getChoice() == choice)
          .toList();
    }

    public List<Integer> offsetsOf(int choice) {
      return tokensOf(choice).stream().map(Token::getOffset).toList();
    }

    public String textOf(int choice) {
      return String.join("", tokensOf(choice).stream().map(Token::getText).toList());
    }

    public List<String> nodes() {
      return events.stream()
          .filter(RouteEvent::hasPlacement)
          .map(event -> event.getPlacement().getNode())
          .toList();
    }
  }
}
