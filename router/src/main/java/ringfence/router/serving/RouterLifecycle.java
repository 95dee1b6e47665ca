package ringfence.router.serving;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.telemetry.JsonLog;
import ringfence.tls.PlainHttp;

/// Starts the router with the application and drains it when it is stopped.
@ApplicationScoped
@Readiness
public class RouterLifecycle implements HealthCheck {
  private static final Logger LOG = Logger.getLogger(RouterLifecycle.class);

  private final RouterConfig config;
  private final MeterRegistry registry;
  private final String httpHost;
  private final String plaintext;
  private volatile @Nullable Router router;

  RouterLifecycle(
      RouterConfig config,
      MeterRegistry registry,
      @ConfigProperty(name = "quarkus.http.host") String httpHost,
      @ConfigProperty(name = "quarkus.http.insecure-requests", defaultValue = "enabled")
          String plaintext) {
    this.config = config;
    this.registry = registry;
    this.httpHost = httpHost;
    this.plaintext = plaintext;
  }

  void start(@Observes StartupEvent started) throws IOException {
    PlainHttp.check(httpHost, plaintext);
    JsonLog.install(config.telemetry());
    RouterSettings settings = RouterSettings.of(config);
    Router running = new Router(settings, registry);
    router = running;
    LOG.infof("gRPC for gateways and nodes on %s", running.address());
  }

  void stop(@Observes ShutdownEvent stopping) {
    Router running = router;
    if (running != null) {
      LOG.infof("draining %d requests in flight", running.inFlight());
      running.close();
    }
  }

  @Override
  public HealthCheckResponse call() {
    Router running = router;
    var health = HealthCheckResponse.named("router").status(running != null && running.isReady());
    if (running != null) {
      String certificates = running.certificateProblem();
      if (certificates != null) {
        health.withData("certificate-problem", certificates);
      }
      String problem = running.policy().problem();
      health.withData("policy", running.policy().policy().document().version());
      if (problem != null) {
        health.withData("policy-problem", problem);
      }
    }
    return health.build();
  }
}
