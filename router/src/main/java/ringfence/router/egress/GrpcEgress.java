package ringfence.router.egress;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.CancelResponse;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;
import ringfence.router.Failures;
import ringfence.router.policy.EgressGrant;

/// Egress over gRPC: a few channels per target address, each made when it is first needed. Bytes of
/// an answer that nobody reads stay in its connection's HTTP/2 window (1 MiB for all its streams),
/// so a reader that lags can hold up the others on the same connection, but not those on the
/// target's others.
public final class GrpcEgress implements Egress, AutoCloseable {
  private static final long ABANDON_DEADLINE_MILLIS = 1_000;

  private final int maxMessageBytes;
  private final int connections;
  private final long keepAliveMillis;
  private final LongSupplier nanoClock;
  private final Executor executor;
  private final Map<String, @Nullable ManagedChannel[]> channels = new HashMap<>();
  private boolean closed;

  /// An egress without channels.
  ///
  /// @param maxMessageBytes of a request or an event
  /// @param connections to one target
  /// @param keepAliveMillis a connection with calls that is silent for so long is probed, and
  ///   broken when no answer comes within the same time
  /// @param nanoClock the clock that grants are made by
  public GrpcEgress(
      int maxMessageBytes,
      int connections,
      long keepAliveMillis,
      LongSupplier nanoClock,
      Executor executor) {
    this.maxMessageBytes = maxMessageBytes;
    this.connections = connections;
    this.keepAliveMillis = keepAliveMillis;
    this.nanoClock = nanoClock;
    this.executor = executor;
  }

  @Override
  public AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remainingNanos, AttemptListener listener) {
    if (!grant.permits(request.getRequestId(), request.getAttempt(), nanoClock.getAsLong())) {
      throw new EgressDeniedException(grant);
    }
    GenerationGrpc.GenerationStub stub =
        GenerationGrpc.newStub(channel(grant))
            .withDeadlineAfter(Math.max(1, remainingNanos), TimeUnit.NANOSECONDS);
    Call call = new Call(listener);
    // Its end is decided by the dispatch alone, not by the context of the call that caused it.
    Context.ROOT.run(() -> stub.generate(request, call));
    return call;
  }

  @Override
  public void abandon(EgressGrant grant) {
    CancelRequest request =
        CancelRequest.newBuilder()
            .setRequestId(grant.requestId())
            .setAttempt(grant.attempt())
            .build();
    ManagedChannel channel = pooled(grant);
    if (channel == null) {
      return;
    }
    Context.ROOT.run(() ->
        GenerationGrpc.newStub(channel)
            .withDeadlineAfter(ABANDON_DEADLINE_MILLIS, TimeUnit.MILLISECONDS)
            .cancel(request, new Unheard()));
  }

  private synchronized @Nullable ManagedChannel pooled(EgressGrant grant) {
    @Nullable ManagedChannel[] open = channels.get(grant.target().address());
    return open == null ? null : open[slot(grant)];
  }

  private synchronized ManagedChannel channel(EgressGrant grant) {
    if (closed) {
      throw new IllegalStateException("egress is closed");
    }
    String address = grant.target().address();
    @Nullable ManagedChannel[] open =
        channels.computeIfAbsent(address, _ -> new @Nullable ManagedChannel[connections]);
    ManagedChannel channel = open[slot(grant)];
    if (channel == null) {
      channel = connect(address);
      open[slot(grant)] = channel;
    }
    return channel;
  }

  private int slot(EgressGrant grant) {
    return Math.floorMod(grant.requestId().hashCode(), connections);
  }

  private ManagedChannel connect(String address) {
    return NettyChannelBuilder.forTarget("dns:///" + address)
        .usePlaintext()
        .executor(executor)
        .disableRetry()
        .maxInboundMessageSize(maxMessageBytes)
        .keepAliveTime(keepAliveMillis, TimeUnit.MILLISECONDS)
        .keepAliveTimeout(keepAliveMillis, TimeUnit.MILLISECONDS)
        .build();
  }

  /// Closes the channel to an address; calls in flight go on to their end.
  public void retire(String address) {
    @Nullable ManagedChannel[] open;
    synchronized (this) {
      open = channels.remove(address);
    }
    if (open != null) {
      for (ManagedChannel channel : open) {
        if (channel != null) {
          channel.shutdown();
        }
      }
    }
  }

  /// Closes the channels to all other addresses.
  public void retireAllBut(Set<String> addresses) {
    Set<String> gone;
    synchronized (this) {
      gone = new HashSet<>(channels.keySet());
    }
    gone.removeAll(addresses);
    gone.forEach(this::retire);
  }

  @Override
  public void close() {
    List<@Nullable ManagedChannel[]> open;
    synchronized (this) {
      closed = true;
      open = List.copyOf(channels.values());
      channels.clear();
    }
    for (@Nullable ManagedChannel[] toTarget : open) {
      for (ManagedChannel channel : toTarget) {
        if (channel != null) {
          channel.shutdownNow();
        }
      }
    }
  }

  private static final class Call
      implements ClientResponseObserver<GenerationRequest, GenerationEvent>, AttemptStream {
    private final AttemptListener listener;
    private @Nullable ClientCallStreamObserver<GenerationRequest> stream;

    Call(AttemptListener listener) {
      this.listener = listener;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerationRequest> starting) {
      stream = starting;
      starting.disableAutoRequestWithInitial(EVENTS_AHEAD);
    }

    @Override
    public void request(int count) {
      started().request(count);
    }

    @Override
    public void cancel() {
      started().cancel("the router has ended the attempt", null);
    }

    private ClientCallStreamObserver<GenerationRequest> started() {
      ClientCallStreamObserver<GenerationRequest> started = stream;
      if (started == null) {
        throw new IllegalStateException("the call was not started");
      }
      return started;
    }

    @Override
    public void onNext(GenerationEvent event) {
      listener.event(event);
    }

    @Override
    public void onError(Throwable broken) {
      Status status = Status.fromThrowable(broken);
      Metadata trailers = Status.trailersFromThrowable(broken);
      boolean fromTarget = trailers != null && trailers.containsKey(Failures.TRAILER);
      listener.failed(Failures.fromCall(status, trailers), fromTarget);
    }

    @Override
    public void onCompleted() {
      listener.completed();
    }
  }

  private static final class Unheard implements StreamObserver<CancelResponse> {
    @Override
    public void onNext(CancelResponse response) {}

    @Override
    public void onError(Throwable unreachable) {}

    @Override
    public void onCompleted() {}
  }
}
