package ringfence.router.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FailureLimiterTest {
  private final FailureLimiter limiter = new FailureLimiter();

  @Test
  void itRemembersNoMoreSourcesThanItMay() {
    for (int i = 0; i < 3 * FailureLimiter.MAX_SOURCES; i++) {
      assertThat(limiter.failed("source-" + i, i)).isFalse();
    }
    assertThat(limiter.sources()).isEqualTo(FailureLimiter.MAX_SOURCES);
  }

  @Test
  void aGuesserIsNotForgottenForGuessingOn() {
    for (int i = 0; i < FailureLimiter.MAX_FAILURES; i++) {
      assertThat(limiter.failed("guesser", i)).isFalse();
    }
    for (int i = 0; i < 2 * FailureLimiter.MAX_SOURCES; i++) {
      limiter.failed("other-" + i, 100);
      if (i % 1_000 == 0) {
        assertThat(limiter.failed("guesser", 100)).isTrue();
      }
    }
    assertThat(limiter.refusesRight("guesser", "a-key", 100)).isTrue();
    assertThat(limiter.refusesRight("somebody", "a-key", 100)).isFalse();
  }

  @Test
  void afterTheWindowItBeginsAnew() {
    for (int i = 0; i <= FailureLimiter.MAX_FAILURES; i++) {
      limiter.failed("guesser", 0);
    }
    assertThat(limiter.failed("guesser", FailureLimiter.WINDOW_NANOS)).isTrue();
    assertThat(limiter.failed("guesser", FailureLimiter.WINDOW_NANOS + 1)).isFalse();
  }
}
