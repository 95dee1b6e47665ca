package ringfence.node.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ringfence.proto.v1.Failure;

class AttemptsTest {
  private final Attempts attempts = new Attempts();
  private final List<String> ended = new ArrayList<>();

  @Test
  void aNewerAttemptEndsTheOlderOne() {
    enter("r", 1);
    enter("r", 2);
    assertThat(ended).containsExactly("r1 STALE_ATTEMPT");
    assertThat(attempts.running()).isEqualTo(1);
  }

  @Test
  void anOlderOrRepeatedAttemptIsRefused() {
    enter("r", 2);
    attempts.leave("r", 2);
    for (int attempt : new int[] {1, 2}) {
      assertThatThrownBy(() -> enter("r", attempt))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e ->
                  assertThat(e.getTrailers().get(Failures.TRAILER).getReason())
                      .isEqualTo(Failure.Reason.STALE_ATTEMPT));
    }
    assertThat(ended).isEmpty();
  }

  @Test
  void aLateLeaveOfAnOlderAttemptDoesNotForgetTheNewerOne() {
    enter("r", 1);
    enter("r", 2);
    attempts.leave("r", 1);
    assertThat(attempts.running()).isEqualTo(1);
    assertThat(attempts.cancel("r", 2)).isEqualTo(1);
  }

  @Test
  void cancelEndsTheAttemptAndThoseBeforeItForGood() {
    enter("r", 3);
    assertThat(attempts.cancel("r", 2)).as("a newer one runs").isZero();
    assertThat(attempts.cancel("r", 3)).isEqualTo(1);
    assertThat(attempts.cancel("r", 3)).isZero();
    assertThat(ended).containsExactly("r3 CANCELLED");
    assertThatThrownBy(() -> enter("r", 3)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void cancelThatOvertakesItsAttemptStillStopsIt() {
    assertThat(attempts.cancel("late", 1)).isZero();
    assertThatThrownBy(() -> enter("late", 1)).isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void remembersABoundedNumberOfRequestsAndForgetsNoRunningOne() {
    enter("long", 1);
    for (int i = 0; i < 40_000; i++) {
      enter("r" + i, 1);
      attempts.leave("r" + i, 1);
    }
    assertThat(attempts.running()).isEqualTo(1);
    assertThat(attempts.cancel("long", 1)).isEqualTo(1);
  }

  private void enter(String request, int attempt) {
    attempts.enter(
        request, attempt, failure -> ended.add(request + attempt + " " + failure.getReason()));
  }
}
