package ringfence.node.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private final List<String> order = new ArrayList<>();

  private static Comparison comparison(Contestant ours, Contestant... others) {
    return new Comparison(
        ours,
        List.of(others),
        Measurement.of(List.of(512), List.of(1, 4, 16), 32),
        Duration.ZERO,
        null);
  }

  @Test
  void contestantsTakeTurnsAndTheFirstOneChanges() {
    Comparison comparison = comparison(new Fixed("ours", 1), new Fixed("theirs", 2));
    comparison.run();
    comparison.run();
    assertThat(order.subList(0, 4)).containsExactly("ours", "theirs", "ours", "theirs");
    assertThat(order.subList(8, 12)).containsExactly("theirs", "ours", "theirs", "ours");
  }

  @Test
  void theTableHasMediansAndTheRatioOfOursToThePeer() {
    Comparison comparison = comparison(new Fixed("ours", 2), new Fixed("theirs", 4));
    comparison.run();
    comparison.run();
    comparison.run();
    assertThat(comparison.table().lines())
        .containsExactly(
            "| tokens/s | ours | theirs | ratio |",
            "| --- | --- | --- | --- |",
            "| prefill, 512 tokens | 256.0 (256.0 - 256.0) | 128.0 (128.0 - 128.0) | 2.00 |",
            "| decode, 1 sequence | 0.5 (0.5 - 0.5) | 0.3 (0.3 - 0.3) | 2.00 |",
            "| decode, 4 sequences | 2.0 (2.0 - 2.0) | 1.0 (1.0 - 1.0) | 2.00 |",
            "| decode, 16 sequences | 8.0 (8.0 - 8.0) | 4.0 (4.0 - 4.0) | 2.00 |");
  }

  @Test
  void eachOtherContestantHasOursRatioToIt() {
    Comparison comparison =
        comparison(new Fixed("ours", 2), new Fixed("slow", 4), new Fixed("theirs", 1));
    comparison.run();
    assertThat(comparison.table().lines().limit(3))
        .containsExactly(
            "| tokens/s | ours | slow | ratio | theirs | ratio |",
            "| --- | --- | --- | --- | --- | --- |",
            "| prefill, 512 tokens | 256.0 (256.0 - 256.0) | 128.0 (128.0 - 128.0) | 2.00"
                + " | 512.0 (512.0 - 512.0) | 0.50 |");
  }

  @Test
  void aloneThereIsNoRatio() {
    Comparison comparison = comparison(new Fixed("ours", 1));
    comparison.run();
    assertThat(comparison.table().lines().limit(3))
        .containsExactly(
            "| tokens/s | ours |",
            "| --- | --- |",
            "| prefill, 512 tokens | 512.0 (512.0 - 512.0) |");
  }

  @Test
  void theMedianIsTheMiddle() {
    assertThat(Measurement.median(new double[] {9, 1, 2})).isEqualTo(2);
    assertThat(Measurement.median(new double[] {9, 1, 2, 4})).isEqualTo(3);
  }

  /// Takes the same time for every pass.
  private final class Fixed implements Contestant {
    private final String name;
    private final double seconds;

    Fixed(String name, double seconds) {
      this.name = name;
      this.seconds = seconds;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public double prefill(int tokens) {
      order.add(name);
      return seconds;
    }

    @Override
    public double[] decode(int sequences, int context, int steps) {
      order.add(name);
      return new double[] {seconds, seconds, 100 * seconds};
    }

    @Override
    public void close() {}
  }
}
