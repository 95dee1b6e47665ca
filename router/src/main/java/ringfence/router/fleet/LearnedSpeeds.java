package ringfence.router.fleet;

import java.util.Arrays;
import ringfence.router.routing.Speeds;

/// How much faster or slower a model of a node is than it says: for prefill, and for decoding by
/// batch size in powers of two. Each is an exponential average of what attempts have met, kept
/// within bounds so that no single odd observation, and no liar, turns a node into a magnet or a
/// desert.
final class LearnedSpeeds {
  private static final double WEIGHT = 0.2;
  private static final double LEAST = 1 / 8.0;
  private static final double MOST = 8;
  private static final int LEAST_PREFILL_TOKENS = 16;
  private static final int LEAST_DECODE_TOKENS = 8;
  private static final int SIZES = 9;

  private final double[] decode = new double[SIZES];
  private double prefill = 1;

  LearnedSpeeds() {
    Arrays.fill(decode, 1);
  }

  void add(Observation seen, Speeds said, int maxSequences) {
    int batch = Math.clamp(seen.batch(), 1, maxSequences);
    if (seen.prefillTokens() >= LEAST_PREFILL_TOKENS && seen.prefillSeconds() > 0) {
      double rate = seen.prefillTokens() / seen.prefillSeconds();
      prefill = averaged(prefill, rate / said.prefill(batch));
    }
    if (seen.decodeTokens() >= LEAST_DECODE_TOKENS && seen.decodeSeconds() > 0) {
      double rate = batch * seen.decodeTokens() / seen.decodeSeconds();
      int size = size(batch);
      decode[size] = averaged(decode[size], rate / said.decode(batch));
    }
  }

  private static double averaged(double average, double ratio) {
    return Math.clamp(average + WEIGHT * (Math.clamp(ratio, LEAST, MOST) - average), LEAST, MOST);
  }

  private static int size(int batch) {
    return Math.min(SIZES - 1, 31 - Integer.numberOfLeadingZeros(batch));
  }

  /// What the node says, corrected.
  Speeds correct(Speeds said) {
    return said.scaled(batch -> decode[size(batch)], prefill);
  }
}
