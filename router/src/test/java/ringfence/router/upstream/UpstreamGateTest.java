package ringfence.router.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import ringfence.router.policy.document.Upstream.Limits;

/// When an upstream gets something.
class UpstreamGateTest {
  private final List<String> heard = new ArrayList<>();
  private long now = -7;

  private UpstreamGate gate(Limits limits) {
    return new UpstreamGate(
        "partner",
        limits,
        new UpstreamObserver() {
          @Override
          public void opened(String upstream, String why) {
            heard.add("opened: " + why);
          }

          @Override
          public void closed(String upstream) {
            heard.add("closed");
          }
        });
  }

  private void pass(long seconds) {
    now += TimeUnit.SECONDS.toNanos(seconds);
  }

  @Test
  void theBreakerOpensAfterFailuresInARowAndClosesWhenItIsWellAgain() {
    UpstreamGate gate = gate(new Limits(8, null));
    for (int i = 0; i < 4; i++) {
      gate.failed("x", now);
    }
    gate.worked(1, 0);
    for (int i = 0; i < 4; i++) {
      gate.failed("x", now);
    }
    assertThat(gate.unavailable(now)).isNull();
    gate.failed("the last", now);
    assertThat(heard).containsExactly("opened: the last");
    assertThat(gate.unavailable(now)).contains("breaker");
    assertThat(gate.enter(1, now)).contains("breaker");

    assertThat(gate.probeDue(now)).isFalse();
    pass(5);
    assertThat(gate.probeDue(now)).isTrue();
    // Asked once; the next time comes later, and later again.
    assertThat(gate.probeDue(now)).isFalse();
    pass(9);
    assertThat(gate.probeDue(now)).isFalse();
    pass(1);
    assertThat(gate.probeDue(now)).isTrue();
    gate.worked(0, 0);
    assertThat(heard).containsExactly("opened: the last", "closed");
    assertThat(gate.unavailable(now)).isNull();
    pass(3600);
    assertThat(gate.probeDue(now)).isFalse();
  }

  @Test
  void aMinutesTokensAreNotExceededAndRefillEvenly() {
    UpstreamGate gate = gate(new Limits(8, null, 600));
    assertThat(gate.enter(500, now)).isNull();
    gate.leave(160);
    // 60 too many: nothing for 6 seconds.
    assertThat(gate.enter(1, now)).contains("tokens");
    pass(6);
    assertThat(gate.enter(1, now)).contains("tokens");
    pass(1);
    assertThat(gate.enter(1, now)).isNull();
  }

  @Test
  void requestsOfAMinuteAndThoseInFlightAreLimited() {
    UpstreamGate gate = gate(new Limits(2, 60));
    assertThat(gate.enter(1, now)).isNull();
    assertThat(gate.enter(1, now)).isNull();
    assertThat(gate.enter(1, now)).contains("in flight");
    for (int i = 2; i < 60; i++) {
      gate.leave(0);
      assertThat(gate.enter(1, now)).isNull();
    }
    gate.leave(0);
    assertThat(gate.enter(1, now)).contains("requests");
    pass(1);
    assertThat(gate.enter(1, now)).isNull();
    gate.leave(0);
    assertThat(gate.enter(1, now)).contains("requests");
  }
}
