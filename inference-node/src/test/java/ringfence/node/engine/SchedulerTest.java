package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SchedulerTest {
  private final Scheduler scheduler =
      new Scheduler(new EngineOptions(100, 8, 0, 32, 10, Duration.ZERO));

  @Test
  void decodingNeverWaitsForPrompts() {
    assertThat(scheduler.plan(new int[] {1, 500, 1})).containsExactly(1, 10, 1);
    assertThat(scheduler.plan(new int[] {500, 1, 1})).containsExactly(10, 1, 1);
  }

  @Test
  void promptsFillTheStepWhenNothingDecodes() {
    assertThat(scheduler.plan(new int[] {20, 30, 5})).containsExactly(20, 12, 0);
  }

  @Property
  void aStepHasNoMoreTokensThanItMayAndNeverNone(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 100) Integer> sequences) {
    int[] pending = sequences.stream().mapToInt(i -> i).toArray();
    int[] counts = scheduler.plan(pending);
    int sum = 0;
    for (int i = 0; i < counts.length; i++) {
      assertThat(counts[i]).isBetween(pending[i] == 1 ? 1 : 0, pending[i]);
      sum += counts[i];
    }
    assertThat(sum).isBetween(1, 32);
  }
}
