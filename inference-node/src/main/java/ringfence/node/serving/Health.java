package ringfence.node.serving;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/// `/q/health`: ready when models are loaded and attempts are taken; alive while every engine's
/// thread is.
@ApplicationScoped
class Health {
  private final Node node;

  @Inject
  Health(Node node) {
    this.node = node;
  }

  @Produces
  @Readiness
  HealthCheck ready() {
    return () -> HealthCheckResponse.named("serving").status(node.isReady()).build();
  }

  @Produces
  @Liveness
  HealthCheck alive() {
    return () -> HealthCheckResponse.named("engines").status(node.isAlive()).build();
  }
}
