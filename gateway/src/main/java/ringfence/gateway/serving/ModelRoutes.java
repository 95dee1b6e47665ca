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
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.openai.ModelList;
import ringfence.gateway.routing.RouterCall;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.ListModelsResponse;
import ringfence.proto.v1.ListModelsResponse.Model;

/// `GET /v1/models` and `GET /v1/models/{id}`: what the caller's label can reach now.
@Singleton
public final class ModelRoutes {
  static final String MODELS = "/v1/models";
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Routers routers;
  private final RequestMetrics metrics;

  ModelRoutes(Routers routers, RequestMetrics metrics) {
    this.routers = routers;
    this.metrics = metrics;
  }

  void register(Router router) {
    router.get(MODELS).handler(context -> answer(context, ModelList::list));
    // A name may hold slashes, as publishers' do.
    router
        .getWithRegex("/v1/models/(?<id>.+)")
        .handler(
            context -> answer(context, models -> ModelList.one(models, context.pathParam("id"))));
  }

  private void answer(RoutingContext context, Function<List<Model>, byte[]> shape) {
    Arrival arrival = Arrival.of(context);
    var observation = new Observation(metrics, MODELS, arrival.requestId(), arrival.nanos());
    context.addEndHandler(ended -> observation.closed());
    Context loop = context.vertx().getOrCreateContext();
    list(routers, loop, question(arrival), LIMIT)
        .map(shape)
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

  private static ListModelsRequest question(Arrival arrival) {
    return ListModelsRequest.newBuilder()
        .setLabel(arrival.label())
        .setCredentials(arrival.caller().credentials())
        .build();
  }

  /// Asks a router; fails with [ApiError].
  static Future<List<Model>> list(
      Routers routers, Context loop, ListModelsRequest question, Duration limit) {
    Promise<List<Model>> result = Promise.promise();
    routers
        .listModels(
            question,
            limit,
            loop,
            new RouterCall.Listener<>() {
              private @Nullable ListModelsResponse response;

              @Override
              public void onMessage(ListModelsResponse message) {
                response = message;
              }

              @Override
              public void onEnd(Status status, @Nullable Metadata trailers) {
                ListModelsResponse complete = response;
                if (status.isOk() && complete != null) {
                  result.complete(complete.getModelsList());
                } else {
                  result.fail(FailureMapping.toError(status, trailers));
                }
              }
            })
        .start();
    return result.future();
  }
}
