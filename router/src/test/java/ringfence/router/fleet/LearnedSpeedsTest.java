package ringfence.router.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import ringfence.router.routing.Speeds;

class LearnedSpeedsTest {
  private static final Speeds SAID =
      Speeds.of(List.of(new Speeds.Measured(1, 50, 1_000), new Speeds.Measured(8, 200, 1_000)));
  private final LearnedSpeeds learned = new LearnedSpeeds();

  @Test
  void believesTheNodeUntilItHasSeenOtherwise() {
    assertThat(learned.correct(SAID).decode(8)).isEqualTo(200);
    assertThat(learned.correct(SAID).prefill(1)).isEqualTo(1_000);
  }

  @Test
  void closesInOnWhatAttemptsMeetAtThatBatchSize() {
    for (int i = 0; i < 50; i++) {
      // 8 sequences with 10 tokens a second each: 80, not 200. 400 tokens of prompt took 0.8 s.
      learned.add(new Observation(8, 400, 0.8, 100, 10), SAID, 16);
    }
    Speeds corrected = learned.correct(SAID);
    assertThat(corrected.decode(8)).isCloseTo(80, within(1.0));
    assertThat(corrected.decode(1)).isEqualTo(50);
    assertThat(corrected.prefill(8)).isCloseTo(500, within(5.0));
  }

  @Test
  void nothingMovesItFartherThanItsBounds() {
    for (int i = 0; i < 100; i++) {
      learned.add(new Observation(1, 1_000_000, 1e-6, 1_000_000, 1e-6), SAID, 16);
    }
    assertThat(learned.correct(SAID).decode(1)).isCloseTo(400, within(1.0));
    for (int i = 0; i < 100; i++) {
      learned.add(new Observation(1, 100, 1e9, 100, 1e9), SAID, 16);
    }
    assertThat(learned.correct(SAID).decode(1)).isCloseTo(50 / 8.0, within(0.1));
    assertThat(learned.correct(SAID).prefill(1)).isCloseTo(125, within(1.0));
  }

  @Test
  void oneOddObservationAndShortOnesCountForLittle() {
    learned.add(new Observation(1, 0, 0, 100, 1e9), SAID, 16);
    assertThat(learned.correct(SAID).decode(1)).isGreaterThan(40);
    LearnedSpeeds other = new LearnedSpeeds();
    other.add(new Observation(1, 3, 1e9, 2, 1e9), SAID, 16);
    assertThat(other.correct(SAID).decode(1)).isEqualTo(50);
  }
}
