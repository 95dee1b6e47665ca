package ringfence.gateway.serving;

import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.Zone;

/// Ready when a router answers.
@Readiness
@ApplicationScoped
public class RouterReadiness implements AsyncHealthCheck {
  private static final Duration LIMIT = Duration.ofSeconds(2);
  private static final String NAME = "router";

  private final Routers routers;
  private final Vertx vertx;

  RouterReadiness(Routers routers, Vertx vertx) {
    this.routers = routers;
    this.vertx = vertx;
  }

  @Override
  public Uni<HealthCheckResponse> call() {
    var question =
        ListModelsRequest.newBuilder()
            .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_DEVICE))
            .build();
    return Uni.createFrom()
        .completionStage(() ->
            ModelRoutes.list(routers, vertx.getOrCreateContext(), question, LIMIT)
                .toCompletionStage())
        .map(models -> HealthCheckResponse.up(NAME))
        .onFailure(RouterReadiness::wantsAKey)
        .recoverWithItem(() -> HealthCheckResponse.up(NAME))
        .onFailure()
        .recoverWithItem(() -> HealthCheckResponse.down(NAME));
  }

  /// A router that has keys answers by asking for one.
  private static boolean wantsAKey(Throwable failure) {
    return failure instanceof ApiError error && error.status() == 401;
  }
}
