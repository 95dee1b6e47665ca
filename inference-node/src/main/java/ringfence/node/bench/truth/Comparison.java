package ringfence.node.bench.truth;

import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.KvType;

/// What came of having a backend read a [Truth]'s text.
///
/// @param decided positions whose best token is more than [#DECIDED] above the next
/// @param different positions where the backend's best token is another
/// @param wrong those of them that are decided
/// @param largestMargin of those that are different
/// @param meanDivergence Kullback-Leibler, of the backend's distribution from the truth's, in nats
/// @param largestDivergence of one position
public record Comparison(
    int positions,
    int decided,
    int different,
    int wrong,
    double largestMargin,
    double meanDivergence,
    double largestDivergence) {
  /// A best token that is so far above the next, in logits, must be the backend's too.
  public static final double DECIDED = 0.4;

  /// With less than this outside the best tokens nothing but rounding is left there.
  private static final double LEAST_REST = 1e-6;

  /// What a backend has to be opened with to read a text.
  public static BackendOptions options(
      int tokens, int threads, boolean deterministic, String device, KvType kvType) {
    return TextReader.options(tokens, threads, deterministic, device, kvType);
  }

  /// Compares.
  ///
  /// @param passTokens of a pass: kernels differ with their number
  public static Comparison of(Backend backend, Truth truth, int passTokens) {
    Sums sums = new Sums(truth);
    TextReader.read(backend, truth.vocabulary(), truth.ids(), passTokens, sums::add);
    return sums.result();
  }

  /// Compares who is no backend of ours.
  ///
  /// @param reader reads the truth's ids and hands over the logits after each, with its position
  public static Comparison of(Truth truth, Consumer<ObjIntConsumer<float[]>> reader) {
    Sums sums = new Sums(truth);
    reader.accept((row, position) -> sums.add(position, row));
    return sums.result();
  }

  private static final class Sums {
    private final Truth truth;
    private int decided;
    private int different;
    private int wrong;
    private double largestMargin;
    private double sum;
    private double largest;

    Sums(Truth truth) {
      this.truth = truth;
    }

    void add(int position, float[] row) {
      boolean isDecided = truth.margin(position) > DECIDED;
      decided += isDecided ? 1 : 0;
      if (best(row) != truth.topIds()[position][0]) {
        different++;
        wrong += isDecided ? 1 : 0;
        largestMargin = Math.max(largestMargin, truth.margin(position));
      }
      double divergence = divergence(position, row);
      sum += divergence;
      // NaN too becomes the largest.
      largest = divergence <= largest ? largest : divergence;
    }

    private static int best(float[] row) {
      int best = 0;
      for (int i = 1; i < row.length; i++) {
        if (row[i] > row[best]) {
          best = i;
        }
      }
      return best;
    }

    private double divergence(int position, float[] row) {
      int[] ids = truth.topIds()[position];
      double total = TextReader.logOfSum(row);
      double divergence = 0;
      double truthLeft = 1;
      double actualLeft = 1;
      for (int i = 0; i < ids.length; i++) {
        double expected = truth.topLogProbs()[position][i];
        double actual = row[ids[i]] - total;
        divergence += Math.exp(expected) * (expected - actual);
        truthLeft -= Math.exp(expected);
        actualLeft -= Math.exp(actual);
      }
      return truthLeft > LEAST_REST && actualLeft > LEAST_REST
          ? divergence + truthLeft * Math.log(truthLeft / actualLeft)
          : divergence;
    }

    Comparison result() {
      int positions = truth.ids().length;
      return new Comparison(
          positions, decided, different, wrong, largestMargin, sum / positions, largest);
    }
  }
}
