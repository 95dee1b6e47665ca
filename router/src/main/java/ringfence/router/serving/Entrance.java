package ringfence.router.serving;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.RoutingGrpc;
import ringfence.router.dispatch.Dispatch;

/// How a request comes in: on which thread its call is heard, and what the call is told before and
/// after there is a dispatch.
final class Entrance {
  private @Nullable Dispatch dispatch;
  private boolean cancelled;

  /// Where calls are heard: those of `Generate` on the thread that reads their connection, all
  /// others on the executor.
  static ServerCallExecutorSupplier executors(Executor executor) {
    String inline = RoutingGrpc.getGenerateMethod().getFullMethodName();
    return new ServerCallExecutorSupplier() {
      @Override
      public <Q, R> Executor getExecutor(ServerCall<Q, R> call, Metadata headers) {
        return call.getMethodDescriptor().getFullMethodName().equals(inline)
            ? Runnable::run
            : executor;
      }
    };
  }

  void enter(Dispatch entered) {
    boolean left;
    synchronized (this) {
      dispatch = entered;
      left = cancelled;
    }
    if (left) {
      entered.cancel();
    } else {
      entered.start();
    }
  }

  void cancel() {
    Dispatch entered;
    synchronized (this) {
      cancelled = true;
      entered = dispatch;
    }
    if (entered != null) {
      entered.cancel();
    }
  }

  void readerReady() {
    Dispatch entered;
    synchronized (this) {
      entered = dispatch;
    }
    if (entered != null) {
      entered.readerReady();
    }
  }
}
