package ringfence.node.bench.kernels;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import ringfence.node.bench.BackendContestant;
import ringfence.node.bench.Contestant;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Bucket;

/// What kernels are worth where it counts: a kernel that is the fastest alone may be slower in a
/// step, where it starts while the one before still runs and shares the device with others. So a
/// choice of kernels for some number of tokens stays only when whole steps gain.
public final class WholeSteps {
  /// Tokens of a prompt, for the kernels of many.
  private static final int PROMPT = 512;

  private static final int STEPS = 24;
  private static final int ROUNDS = 6;

  /// What a step must take of the usual one's time.
  private static final double GAIN = 0.99;

  private WholeSteps() {}

  /// Pages that a backend needs to be measured.
  public static int pages(int pageTokens) {
    int sequences =
        Bucket.all().stream()
            .filter(b -> !isPrompt(b))
            .mapToInt(Bucket::measured)
            .max()
            .orElseThrow();
    return BackendContestant.pages(PROMPT, sequences, positions(), pageTokens);
  }

  /// Positions of a decoding sequence.
  public static int positions() {
    return Contestant.DECODE_CONTEXT + STEPS;
  }

  /// Tokens of the largest batch.
  public static int batchTokens() {
    return PROMPT;
  }

  private static boolean isPrompt(Bucket bucket) {
    return bucket.measured() == PROMPT;
  }

  /// Seconds of a step for each number of tokens.
  public static Map<Bucket, Double> measure(Contestant contestant) {
    Map<Bucket, Double> all = new TreeMap<>(Comparator.comparingInt(Bucket::most));
    for (Bucket bucket : Bucket.all()) {
      double[] seconds = new double[ROUNDS];
      // The first round compiles, records and lets the clock climb.
      for (int round = -1; round < ROUNDS; round++) {
        double taken =
            isPrompt(bucket)
                ? contestant.prefill(PROMPT)
                : median(contestant.decode(bucket.measured(), Contestant.DECODE_CONTEXT, STEPS));
        if (round >= 0) {
          seconds[round] = taken;
        }
      }
      all.put(bucket, median(seconds));
    }
    return all;
  }

  private static double median(double[] seconds) {
    double[] sorted = seconds.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /// Those of the choices found with which whole steps gain.
  ///
  /// @param usual seconds of steps without them
  /// @param tuned and with them
  /// @param out a line for each number of tokens that has any
  public static TunedShapes confirmed(
      TunedShapes found,
      Map<Bucket, Double> usual,
      Map<Bucket, Double> tuned,
      Consumer<String> out) {
    Set<Bucket> gain = new HashSet<>();
    for (Map.Entry<Bucket, Double> step : usual.entrySet()) {
      Bucket bucket = step.getKey();
      if (found.only(Set.of(bucket)).choices().isEmpty()) {
        continue;
      }
      double before = step.getValue();
      double after = tuned.getOrDefault(bucket, Double.POSITIVE_INFINITY);
      if (after < GAIN * before) {
        gain.add(bucket);
      }
      out.accept(
          String.format(
              Locale.ROOT,
              "a step of %d tokens: %.0f us, with these kernels %.0f: %s",
              bucket.measured(),
              before * 1e6,
              after * 1e6,
              gain.contains(bucket) ? "taken" : "not taken"));
    }
    return found.only(gain);
  }
}
