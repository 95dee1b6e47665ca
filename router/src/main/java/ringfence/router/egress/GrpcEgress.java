package ringfence.router.egress;

import com.google.protobuf.ByteString;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.CancelResponse;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.proto.v1.GenerationRequest;
import ringfence.router.Failures;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.TargetView;
import ringfence.tls.LinkSecurity;

/// Egress over gRPC, through the [Exit].
public final class GrpcEgress implements Egress, AutoCloseable {
  private static final long ABANDON_DEADLINE_MILLIS = 1_000;

  private final Exit exit;
  private final LongSupplier nanoClock;
  private final TargetChannels channels;
  private final Executor executor;
  private volatile Function<EgressGrant, @Nullable String> traceParents = _ -> null;

  /// An egress without channels.
  ///
  /// @param maxMessageBytes of a request or an event
  /// @param connections to one target
  /// @param keepAliveMillis a connection with calls that is silent for so long is probed, and
  ///   broken when no answer comes within the same time
  /// @param links how connections are protected
  /// @param loops where connections are read and written; listeners hear events there
  /// @param nanoClock the clock that grants are made by
  /// @param executor where listeners hear of an attempt's end
  public GrpcEgress(
      Exit exit,
      int maxMessageBytes,
      int connections,
      long keepAliveMillis,
      LinkSecurity links,
      LinkLoops loops,
      LongSupplier nanoClock,
      Executor executor) {
    this.exit = exit;
    this.nanoClock = nanoClock;
    this.executor = executor;
    this.channels =
        new TargetChannels(maxMessageBytes, connections, keepAliveMillis, links, loops, executor);
  }

  /// Has calls say which span they belong to.
  ///
  /// @param headers of an attempt; null: it is in no trace
  public void propagate(Function<EgressGrant, @Nullable String> headers) {
    traceParents = headers;
  }

  @Override
  public AttemptStream open(
      EgressGrant grant, GenerationRequest request, long remainingNanos, AttemptListener listener) {
    NodeCall call = new NodeCall(listener, executor);
    ByteString bytes = request.toByteString();
    long asked = nanoClock.getAsLong();
    exit.depart(
        grant,
        request.getRequestId(),
        request.getAttempt(),
        bytes,
        cleared -> send(call, cleared, remainingNanos - (nanoClock.getAsLong() - asked)),
        call::refuse);
    return call;
  }

  private void send(NodeCall call, Clearance cleared, long remainingNanos) {
    ManagedChannel channel;
    try {
      channel = channels.to(cleared.grant());
    } catch (IllegalArgumentException plaintext) {
      Failure failure =
          Failures.of(Reason.IDENTITY_MISMATCH, String.valueOf(plaintext.getMessage()));
      executor.execute(() -> call.refuse(failure));
      return;
    }
    call.start(channel, cleared, remainingNanos, traceParents.apply(cleared.grant()));
  }

  @Override
  public void abandon(EgressGrant grant) {
    CancelRequest request =
        CancelRequest.newBuilder()
            .setRequestId(grant.requestId())
            .setAttempt(grant.attempt())
            .build();
    ManagedChannel channel = channels.open(grant);
    if (channel == null) {
      return;
    }
    Context.ROOT.run(() ->
        GenerationGrpc.newStub(channel)
            .withDeadlineAfter(ABANDON_DEADLINE_MILLIS, TimeUnit.MILLISECONDS)
            .cancel(request, new Unheard()));
  }

  /// Closes the channels to a target; calls in flight go on to their end.
  public void retire(TargetView target) {
    channels.retire(target);
  }

  /// Closes the channels to all other targets.
  public void retireAllBut(List<TargetView> targets) {
    channels.retireAllBut(targets);
  }

  @Override
  public void close() {
    channels.close();
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
