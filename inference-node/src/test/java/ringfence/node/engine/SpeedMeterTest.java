package ringfence.node.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SpeedMeterTest {
  private final SpeedMeter meter = new SpeedMeter();

  @Test
  void decodingIsMeasuredByBatchSize() {
    meter.add(1, 0, 0.1);
    meter.add(3, 0, 0.1);
    meter.add(4, 0, 0.1);

    assertThat(meter.speeds()).extracting(EngineStats.Speed::batchSize).containsExactly(1, 4);
    assertThat(meter.speeds().get(0).decodeTokensPerSecond()).isCloseTo(10, within(1e-9));
    assertThat(meter.speeds().get(1).decodeTokensPerSecond()).isCloseTo(35, within(0.2));
  }

  @Test
  void aMixedStepIsPrefillButForWhatDecodingCosts() {
    meter.add(2, 100, 5);
    assertThat(meter.speeds()).isEmpty();
    meter.add(2, 0, 0.1);
    meter.add(2, 100, 1.1);

    assertThat(meter.speeds().getFirst().prefillTokensPerSecond()).isCloseTo(100, within(1e-9));
  }

  @Test
  void oldWorkIsForgotten() {
    meter.add(0, 1000, 1);
    for (int i = 0; i < 300; i++) {
      meter.add(0, 10, 1);
    }
    assertThat(meter.speeds().getFirst().prefillTokensPerSecond()).isCloseTo(10, within(0.1));
  }
}
