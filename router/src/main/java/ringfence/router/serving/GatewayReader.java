package ringfence.router.serving;

import io.grpc.stub.ServerCallStreamObserver;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouteEvent;
import ringfence.router.Failures;
import ringfence.router.dispatch.AnswerReader;

/// The gateway's call as the reader of an answer.
final class GatewayReader implements AnswerReader {
  private final ServerCallStreamObserver<RouteEvent> call;

  GatewayReader(ServerCallStreamObserver<RouteEvent> call) {
    this.call = call;
  }

  @Override
  public boolean ready() {
    return call.isReady();
  }

  @Override
  public void event(RouteEvent event) {
    if (!call.isCancelled()) {
      call.onNext(event);
    }
  }

  @Override
  public void completed() {
    if (!call.isCancelled()) {
      call.onCompleted();
    }
  }

  @Override
  public void failed(Failure failure) {
    if (!call.isCancelled()) {
      call.onError(Failures.toException(failure));
    }
  }
}
