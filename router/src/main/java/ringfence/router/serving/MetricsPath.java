package ringfence.router.serving;

import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// `/metrics`, also by the name that the framework gives it.
@Singleton
final class MetricsPath {
  void register(@Observes Router http) {
    http.get("/q/metrics").handler(context -> context.reroute("/metrics"));
  }
}
