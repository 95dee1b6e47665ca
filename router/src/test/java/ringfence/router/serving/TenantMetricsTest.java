package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import ringfence.router.policy.budget.Spending;

class TenantMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TenantMetrics metrics = new TenantMetrics(registry);

  private double requests(String tenant) {
    Counter counter =
        registry.find("ringfence.router.tenant.requests").tag("tenant", tenant).counter();
    return counter == null ? 0 : counter.count();
  }

  @Test
  void aThousandTenantsShareAHundredAndOneLabels() {
    IntStream.range(0, 1_000)
        .parallel()
        .forEach(i -> metrics.booked("t" + i, new Spending.Used(true, 2, 3, 4_000_000_000L)));
    assertThat(registry.find("ringfence.router.tenant.requests").counters())
        .hasSize(TenantMetrics.MOST + 1);
    assertThat(requests(TenantMetrics.OTHERS)).isEqualTo(900);
    assertThat(
            registry.find("ringfence.router.tenant.tokens").counters().stream()
                .mapToDouble(Counter::count)
                .sum())
        .isEqualTo(5_000);
    assertThat(
            registry.find("ringfence.router.tenant.money").counters().stream()
                .mapToDouble(Counter::count)
                .sum())
        .isEqualTo(4_000, org.assertj.core.data.Offset.offset(1e-6));
  }

  @Test
  void whatWasNotBookedIsNotCounted() {
    metrics.booked("t", new Spending.Used(false, 0, 0, 0));
    assertThat(requests("t")).isZero();
    metrics.booked("", new Spending.Used(true, 1, 1, 0));
    assertThat(requests("none")).isEqualTo(1);
  }
}
