package ringfence.router.egress;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationGrpc;
import ringfence.router.Failures;
import ringfence.telemetry.TraceParent;

/// One attempt's call of a node: waits for its clearance, then streams. The request is sent as the
/// very bytes that were cleared. Events are heard on the thread that reads the connection; the end,
/// which may make the dispatch look for another target, on the executor, and after them.
final class NodeCall implements ClientResponseObserver<ByteString, GenerationEvent>, AttemptStream {
  private static final MethodDescriptor<ByteString, GenerationEvent> GENERATE =
      GenerationGrpc.getGenerateMethod().toBuilder(
              new Verbatim(), GenerationGrpc.getGenerateMethod().getResponseMarshaller())
          .build();

  private final AttemptListener listener;
  private final Executor executor;
  private @Nullable ClientCallStreamObserver<ByteString> stream;
  private boolean over;

  NodeCall(AttemptListener listener, Executor executor) {
    this.listener = listener;
    this.executor = executor;
  }

  /// Sends what was cleared, unless the attempt has ended meanwhile.
  ///
  /// @param traceParent null: it is in no trace
  void start(
      Channel channel, Clearance cleared, long remainingNanos, @Nullable String traceParent) {
    synchronized (this) {
      if (over) {
        return;
      }
    }
    CallOptions options =
        CallOptions.DEFAULT
            .withDeadlineAfter(Math.max(1, remainingNanos), TimeUnit.NANOSECONDS)
            .withExecutor(Runnable::run);
    // Its end is decided by the dispatch alone, not by the context of the call that caused it.
    Context.ROOT.run(() ->
        ClientCalls.asyncServerStreamingCall(
            traced(channel, traceParent).newCall(GENERATE, options), cleared.bytes(), this));
    ClientCallStreamObserver<ByteString> late;
    synchronized (this) {
      late = over ? stream : null;
    }
    if (late != null) {
      end(late);
    }
  }

  private static Channel traced(Channel channel, @Nullable String traceParent) {
    return traceParent == null
        ? channel
        : ClientInterceptors.intercept(
            channel, MetadataUtils.newAttachHeadersInterceptor(TraceParent.metadata(traceParent)));
  }

  /// Nothing was sent, and nothing will be.
  void refuse(Failure failure) {
    synchronized (this) {
      if (over) {
        return;
      }
      over = true;
    }
    listener.failed(failure, true);
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<ByteString> starting) {
    starting.disableAutoRequestWithInitial(EVENTS_AHEAD);
    synchronized (this) {
      stream = starting;
    }
  }

  @Override
  public void request(int count) {
    ClientCallStreamObserver<ByteString> started;
    synchronized (this) {
      started = stream;
    }
    if (started == null) {
      throw new IllegalStateException("nothing was delivered yet");
    }
    started.request(count);
  }

  @Override
  public void cancel() {
    ClientCallStreamObserver<ByteString> started;
    synchronized (this) {
      over = true;
      started = stream;
    }
    if (started != null) {
      end(started);
    }
  }

  private static void end(ClientCallStreamObserver<ByteString> started) {
    started.cancel("the router has ended the attempt", null);
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
    Failure failure = Failures.fromCall(status, trailers);
    executor.execute(() -> listener.failed(failure, fromTarget));
  }

  @Override
  public void onCompleted() {
    executor.execute(listener::completed);
  }

  /// Bytes as they are.
  private static final class Verbatim implements MethodDescriptor.Marshaller<ByteString> {
    @Override
    public InputStream stream(ByteString bytes) {
      return new Sized(bytes);
    }

    @Override
    public ByteString parse(InputStream stream) {
      try {
        return ByteString.readFrom(stream);
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }
  }

  /// Tells gRPC that what is available is all, and gives it away without a copy in between.
  private static final class Sized extends FilterInputStream implements Drainable, KnownLength {
    private final ByteString bytes;
    private boolean drained;

    Sized(ByteString bytes) {
      super(bytes.newInput());
      this.bytes = bytes;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      if (drained) {
        return 0;
      }
      drained = true;
      bytes.writeTo(target);
      return bytes.size();
    }
  }
}
