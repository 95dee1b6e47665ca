package ringfence.node.bench;

import java.util.Arrays;

/// What is measured: a line of the table.
public enum Measurement {
  PREFILL_512("prefill, 512 tokens", 512) {
    @Override
    double tokensPerSecond(Contestant contestant) {
      return tokens() / contestant.prefill(tokens());
    }
  },
  DECODE_1("decode, 1 sequence", 1) {
    @Override
    double tokensPerSecond(Contestant contestant) {
      return tokens() / median(contestant.decode(tokens(), 64));
    }
  },
  DECODE_4("decode, 4 sequences", 4) {
    @Override
    double tokensPerSecond(Contestant contestant) {
      return tokens() / median(contestant.decode(tokens(), 32));
    }
  },
  DECODE_16("decode, 16 sequences", 16) {
    @Override
    double tokensPerSecond(Contestant contestant) {
      return tokens() / median(contestant.decode(tokens(), 16));
    }
  };

  /// Positions that the longest measurement needs in one sequence.
  public static final int MOST_POSITIONS = 512;

  /// Sequences that the widest measurement has.
  public static final int MOST_SEQUENCES = 16;

  private final String label;
  private final int tokens;

  Measurement(String label, int tokens) {
    this.label = label;
    this.tokens = tokens;
  }

  public String label() {
    return label;
  }

  /// Tokens that one pass computes.
  int tokens() {
    return tokens;
  }

  /// One run. Of a decoding run the median step counts.
  abstract double tokensPerSecond(Contestant contestant);

  /// The middle of the numbers in order, or the mean of the two in the middle.
  static double median(double[] numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
