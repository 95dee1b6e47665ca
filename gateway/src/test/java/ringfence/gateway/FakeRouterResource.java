package ringfence.gateway;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/// Starts the [FakeRouter] before the gateway and hands it to tests that have a field of its type.
public final class FakeRouterResource implements QuarkusTestResourceLifecycleManager {
  private FakeRouter router;

  @Override
  public Map<String, String> start() {
    router = new FakeRouter(0);
    return Map.of("ringfence.gateway.routers", "127.0.0.1:" + router.port());
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(router, new TestInjector.MatchesType(FakeRouter.class));
  }

  @Override
  public void stop() {
    router.close();
  }
}
