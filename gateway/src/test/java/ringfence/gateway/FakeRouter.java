package ringfence.gateway;

import com.google.protobuf.ByteString;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import ringfence.gateway.openai.FailureMapping;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.LedgerHead;
import ringfence.proto.v1.LedgerRecord;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.ListModelsResponse;
import ringfence.proto.v1.Receipt;
import ringfence.proto.v1.ReceiptRecord;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.proto.v1.Zone;
import ringfence.tls.LinkSecurity;
import ringfence.tls.LoopbackPlaintext;
import ringfence.tls.MethodRules;
import ringfence.tls.Role;

/// A router that speaks real gRPC over loopback and whose answers a test decides ([Answers]). It
/// honours back-pressure and notes what was asked and what was cancelled.
public final class FakeRouter implements AutoCloseable {
  /// A call that a test can look at.
  public record Seen(RouteRequest request, ServerCallStreamObserver<RouteEvent> call) {}

  private final Server server;
  private final FakeOverview overview = new FakeOverview();
  private final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
  private final Set<String> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong eventsSent = new AtomicLong();

  /// Listens on `port`; 0 is any.
  public FakeRouter(int port) {
    this(port, new LoopbackPlaintext("ringfence.test.tls"));
  }

  /// Likewise, protected.
  public FakeRouter(int port, LinkSecurity links) {
    try {
      server =
          NettyServerBuilder.forAddress(
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                  links.server("127.0.0.1"))
              .permitKeepAliveTime(1, java.util.concurrent.TimeUnit.SECONDS)
              .permitKeepAliveWithoutCalls(true)
              .addService(
                  links.guarded(
                      new Service(),
                      MethodRules.none().and(Role.GATEWAY, "Generate", "ListModels", "GetReceipt")))
              .addService(
                  links.guarded(
                      overview,
                      MethodRules.none()
                          .and(Role.GATEWAY, "WhoAmI", "WatchFleet", "InspectText", "CreateKey")))
              .build()
              .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A router on its own, to try clients against: `FakeRouter PORT`.
  public static void main(String[] args) throws InterruptedException {
    try (var router = new FakeRouter(Integer.parseInt(args[0]))) {
      router.server.awaitTermination();
    }
  }

  public int port() {
    return server.getPort();
  }

  /// What the page asks.
  public FakeOverview overview() {
    return overview;
  }

  /// Calls in the order of their arrival.
  public BlockingQueue<Seen> seen() {
    return seen;
  }

  /// Request ids of calls that were cancelled.
  public BlockingQueue<String> cancelled() {
    return cancelled;
  }

  /// Calls that have neither ended nor been cancelled.
  public Set<String> open() {
    return open;
  }

  /// Events that were accepted for sending, all calls together.
  public long eventsSent() {
    return eventsSent.get();
  }

  /// Forgets what was seen.
  public void forget() {
    seen.clear();
    cancelled.clear();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Service extends RoutingGrpc.RoutingImplBase {
    @Override
    public void generate(RouteRequest request, StreamObserver<RouteEvent> observer) {
      var call = (ServerCallStreamObserver<RouteEvent>) observer;
      open.add(request.getRequestId());
      call.setOnCancelHandler(() -> {
        open.remove(request.getRequestId());
        cancelled.add(request.getRequestId());
      });
      Failure failure = Answers.failure(request);
      if (failure != null) {
        seen.add(new Seen(request, call));
        open.remove(request.getRequestId());
        call.onError(exception(failure));
        return;
      }
      var events = Answers.events(request).iterator();
      call.setOnReadyHandler(() -> {
        while (call.isReady() && !call.isCancelled()) {
          if (!events.hasNext()) {
            Failure late = Answers.failureAfterEvents(request);
            if (Answers.hangs(request) || !open.remove(request.getRequestId())) {
              return;
            }
            if (late == null) {
              call.onCompleted();
            } else {
              call.onError(exception(late));
            }
            return;
          }
          call.onNext(events.next());
          eventsSent.incrementAndGet();
        }
      });
      seen.add(new Seen(request, call));
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
      var models = ListModelsResponse.newBuilder();
      for (String name : List.of("echo", "publisher/echo")) {
        models.addModels(
            ListModelsResponse.Model.newBuilder()
                .setName(name)
                .setContextLength(Answers.CONTEXT_LENGTH)
                .setNearestZone(Zone.ZONE_SITE)
                .setNodes(1)
                .setLoadedAtEpochSeconds(1_700_000_000));
      }
      observer.onNext(models.build());
      observer.onCompleted();
    }

    /// Request `known` of the keyless tenant has left once.
    @Override
    public void getReceipt(GetReceiptRequest request, StreamObserver<Receipt> observer) {
      if (!request.getRequestId().equals("known") || !request.getTenant().isEmpty()) {
        observer.onError(
            exception(Failure.newBuilder().setReason(Failure.Reason.UNKNOWN_REQUEST).build()));
        return;
      }
      var record =
          LedgerRecord.newBuilder()
              .setSequence(7)
              .setTimeMillis(1_700_000_000_000L)
              .setDeparture(
                  Departure.newBuilder()
                      .setRequestId("known")
                      .setAttempt(2)
                      .setTarget("far")
                      .setZone(Zone.ZONE_DATACENTER)
                      .setByteCount(123)
                      .setKeyedHash(ByteString.copyFrom(new byte[] {1, (byte) 0xab})))
              .build();
      observer.onNext(
          Receipt.newBuilder()
              .addRecords(
                  ReceiptRecord.newBuilder()
                      .setStored(record.toByteString())
                      .setSigned(LedgerHead.newBuilder().setSequence(7)))
              .setHead(LedgerHead.newBuilder().setSequence(9))
              .build());
      observer.onCompleted();
    }

    private static RuntimeException exception(Failure failure) {
      var trailers = new Metadata();
      trailers.put(FailureMapping.FAILURE, failure.toByteArray());
      return Answers.status(failure).asRuntimeException(trailers);
    }
  }
}
