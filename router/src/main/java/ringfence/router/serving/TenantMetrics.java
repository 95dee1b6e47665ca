package ringfence.router.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import ringfence.router.policy.budget.Spending;

/// What tenants use, as it is booked. The first hundred that the router hears of have a label of
/// their own, the others share one; who wants all of them reads the events.
final class TenantMetrics {
  static final int MOST = 100;
  static final String OTHERS = "other";
  private static final String KEYLESS = "none";
  private static final double NANOS = 1e-9;

  private record Counters(Counter requests, Counter prompt, Counter answer, Counter money) {}

  private final MeterRegistry registry;
  private final Map<String, Counters> tenants = new ConcurrentHashMap<>();

  TenantMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /// A request of that tenant has ended.
  void booked(String tenant, Spending.Used used) {
    if (!used.booked()) {
      return;
    }
    Counters counters = tenants.get(tenant);
    if (counters == null) {
      counters = tenants.size() < MOST ? own(tenant) : of(OTHERS);
    }
    counters.requests().increment();
    counters.prompt().increment((double) used.promptTokens());
    counters.answer().increment((double) used.answerTokens());
    counters.money().increment(used.moneyNanos() * NANOS);
  }

  /// Two threads at the limit must not both add one.
  private synchronized Counters own(String tenant) {
    return tenants.size() < MOST ? of(tenant) : of(OTHERS);
  }

  private Counters of(String tenant) {
    return tenants.computeIfAbsent(
        tenant,
        name -> {
          String label = name.isEmpty() ? KEYLESS : name;
          return new Counters(
              counter("ringfence.router.tenant.requests", "Requests that were booked", label)
                  .register(registry),
              tokens(label, "prompt"),
              tokens(label, "answer"),
              counter("ringfence.router.tenant.money", "What upstreams have cost", label)
                  .register(registry));
        });
  }

  private Counter tokens(String label, String kind) {
    return counter("ringfence.router.tenant.tokens", "Tokens that were booked", label)
        .tag("kind", kind)
        .register(registry);
  }

  private static Counter.Builder counter(String name, String description, String label) {
    return Counter.builder(name).description(description).tag("tenant", label);
  }
}
