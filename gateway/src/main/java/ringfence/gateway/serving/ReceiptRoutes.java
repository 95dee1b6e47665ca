package ringfence.gateway.serving;

import io.grpc.Metadata;
import io.grpc.Status;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.openai.ReceiptFormat;
import ringfence.gateway.routing.RouterCall;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.Receipt;

/// `GET /v1/receipts/{id}`: what of the caller's own request has left the site. The id is the
/// answer's.
@Singleton
public final class ReceiptRoutes {
  static final String RECEIPTS = "/v1/receipts";
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final String ID = "(?:chatcmpl-|cmpl-)?(?<id>[A-Za-z0-9_-]{1,64})";

  private final Routers routers;
  private final RequestMetrics metrics;

  ReceiptRoutes(Routers routers, RequestMetrics metrics) {
    this.routers = routers;
    this.metrics = metrics;
  }

  void register(Router router) {
    router.getWithRegex(RECEIPTS + "/" + ID).handler(this::answer);
  }

  private void answer(RoutingContext context) {
    Arrival arrival = Arrival.of(context);
    var observation = new Observation(metrics, RECEIPTS, arrival.requestId(), arrival.nanos());
    context.addEndHandler(ended -> observation.closed());
    String id = context.pathParam("id");
    ask(context.vertx().getOrCreateContext(), id, arrival.caller().credentials())
        .map(receipt -> ReceiptFormat.json(id, receipt))
        .onSuccess(body -> {
          observation.answered();
          Reply.json(context, 200, body);
        })
        .onFailure(failure -> {
          ApiError error = failure instanceof ApiError known ? known : FailureMapping.internal();
          observation.failed(error);
          Reply.error(context, error);
        });
  }

  private Future<Receipt> ask(Context loop, String id, Credentials credentials) {
    Promise<Receipt> result = Promise.promise();
    routers
        .getReceipt(
            GetReceiptRequest.newBuilder().setRequestId(id).setCredentials(credentials).build(),
            LIMIT,
            loop,
            new RouterCall.Listener<>() {
              private @Nullable Receipt response;

              @Override
              public void onMessage(Receipt message) {
                response = message;
              }

              @Override
              public void onEnd(Status status, @Nullable Metadata trailers) {
                Receipt complete = response;
                if (status.isOk() && complete != null) {
                  result.complete(complete);
                } else {
                  result.fail(FailureMapping.toError(status, trailers));
                }
              }
            })
        .start();
    return result.future();
  }
}
