package ringfence.tls;

import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.security.cert.X509Certificate;
import java.util.List;

/// A call that is being served and can be ended from outside, because its caller's certificate was
/// revoked. What the service still says then goes nowhere, and it hears that the caller has gone.
final class GuardedCall<Q, R> extends ForwardingServerCall.SimpleForwardingServerCall<Q, R>
    implements Revocations.Standing {
  private final List<X509Certificate> shown;
  private final Metadata trailers;
  private boolean closed;
  private volatile boolean ended;

  /// @param trailers what the caller is told when it is ended
  GuardedCall(ServerCall<Q, R> call, List<X509Certificate> shown, Metadata trailers) {
    super(call);
    this.shown = shown;
    this.trailers = trailers;
  }

  @Override
  public List<X509Certificate> shown() {
    return shown;
  }

  @Override
  public synchronized void end() {
    if (!closed) {
      closed = true;
      ended = true;
      super.close(
          Status.PERMISSION_DENIED.withDescription("the certificate was revoked"), trailers);
    }
  }

  @Override
  public synchronized void sendHeaders(Metadata headers) {
    if (!ended) {
      super.sendHeaders(headers);
    }
  }

  @Override
  public synchronized void sendMessage(R message) {
    if (!ended) {
      super.sendMessage(message);
    }
  }

  @Override
  public synchronized void close(Status status, Metadata said) {
    if (!ended) {
      closed = true;
      super.close(status, said);
    }
  }

  /// The service's listener, which hears of the call's end in whatever way.
  ServerCall.Listener<Q> heardBy(ServerCall.Listener<Q> service, Revocations revocations) {
    return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(service) {
      @Override
      public void onMessage(Q message) {
        if (!ended) {
          super.onMessage(message);
        }
      }

      @Override
      public void onHalfClose() {
        if (!ended) {
          super.onHalfClose();
        }
      }

      @Override
      public void onCancel() {
        revocations.forget(GuardedCall.this);
        super.onCancel();
      }

      @Override
      public void onComplete() {
        revocations.forget(GuardedCall.this);
        if (ended) {
          super.onCancel();
        } else {
          super.onComplete();
        }
      }
    };
  }
}
