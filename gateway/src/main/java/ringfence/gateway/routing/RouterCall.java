package ringfence.gateway.routing;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.FailureMapping;
import ringfence.proto.v1.Failure;
import ringfence.telemetry.TraceParent;

/// One call to a router, or to the next where one can't be reached before it said anything. A few
/// messages come unasked, then one for each [#request()], on the executor of the call's options;
/// [#cancel()] works from any thread.
public final class RouterCall<Q, R> {
  /// What comes back.
  public interface Listener<R> {
    /// One message.
    void onMessage(R message);

    /// The end, once; `status` is OK after a whole answer.
    void onEnd(Status status, @Nullable Metadata trailers);
  }

  /// Messages that may be under way before the first was dealt with: fewer and each token waits for
  /// two changes of thread.
  private static final int WINDOW = 8;

  private final MethodDescriptor<Q, R> method;
  private final CallOptions options;
  private final Listener<R> listener;
  private final @Nullable String traceParent;
  private final Iterator<ManagedChannel> routers;

  /// Null once no other router will be asked: an answer takes long, and a prompt may be large.
  private @Nullable Q question;

  private volatile @Nullable Received current;
  private volatile boolean cancelled;
  private boolean answered;

  RouterCall(
      List<ManagedChannel> routers,
      MethodDescriptor<Q, R> method,
      CallOptions options,
      Q question,
      Listener<R> listener,
      @Nullable String traceParent) {
    this.routers = routers.iterator();
    this.method = method;
    this.options = options;
    this.question = question;
    this.listener = listener;
    this.traceParent = traceParent;
  }

  /// Begins, and asks for the first messages. What it hears of at once it hears before this
  /// returns.
  public void start() {
    Q asked = Objects.requireNonNull(question);
    ClientCall<Q, R> call = routers.next().newCall(method, options);
    Received received = new Received(call);
    current = received;
    call.start(received, TraceParent.metadata(traceParent));
    if (received.closed) {
      return; // at once; where it could, another call goes on in its place
    }
    call.request(WINDOW);
    call.sendMessage(asked);
    call.halfClose();
    received.sent = true;
    if (cancelled) {
      cancel();
    }
  }

  /// Asks for the next message.
  public void request() {
    Received received = current;
    if (received != null) {
      received.call.request(1);
    }
  }

  /// Ends the call at the router at once.
  public void cancel() {
    cancelled = true;
    Received received = current;
    // One that is just being sent is cancelled by who sends it: sending would fail.
    if (received != null && received.sent) {
      received.call.cancel("the client has gone", null);
    }
  }

  private boolean triesNext(Status status, Metadata trailers) {
    if (answered || cancelled || !routers.hasNext()) {
      return false;
    }
    Failure.Reason reason = FailureMapping.failure(trailers).getReason();
    if (status.getCode() == Status.Code.NOT_FOUND) {
      // Each router has the records of what it has sent itself.
      return reason == Failure.Reason.UNKNOWN_REQUEST;
    }
    return status.getCode() == Status.Code.UNAVAILABLE
        && (reason == Failure.Reason.REASON_UNSPECIFIED || reason == Failure.Reason.DRAINING);
  }

  private final class Received extends ClientCall.Listener<R> {
    private final ClientCall<Q, R> call;
    private volatile boolean sent;
    private volatile boolean closed;

    Received(ClientCall<Q, R> call) {
      this.call = call;
    }

    @Override
    public void onMessage(R message) {
      answered = true;
      question = null;
      listener.onMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      closed = true;
      if (triesNext(status, trailers)) {
        start();
      } else {
        listener.onEnd(status, trailers);
      }
    }
  }
}
