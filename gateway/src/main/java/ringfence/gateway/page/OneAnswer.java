package ringfence.gateway.page;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.routing.RouterCall;
import ringfence.gateway.routing.Routers;

/// A router's one answer to a question.
final class OneAnswer<R> implements RouterCall.Listener<R> {
  private final Promise<R> result = Promise.promise();
  private @Nullable R response;

  private OneAnswer() {}

  /// Asks; fails with [ringfence.gateway.openai.ApiError].
  static <Q, R> Future<R> to(
      Routers routers, MethodDescriptor<Q, R> method, Q question, Duration limit, Context loop) {
    var answer = new OneAnswer<R>();
    routers.ask(method, question, limit, loop, answer).start();
    return answer.result.future();
  }

  @Override
  public void onMessage(R message) {
    response = message;
  }

  @Override
  public void onEnd(Status status, @Nullable Metadata trailers) {
    R complete = response;
    if (status.isOk() && complete != null) {
      result.complete(complete);
    } else {
      result.fail(FailureMapping.toError(status, trailers));
    }
  }
}
