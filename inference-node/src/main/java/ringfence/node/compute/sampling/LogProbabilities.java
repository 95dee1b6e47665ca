package ringfence.node.compute.sampling;

import java.util.ArrayList;
import java.util.List;

/// Log probabilities under the model's own distribution: the log-softmax of its logits before bias,
/// penalties and temperature.
final class LogProbabilities {

  private LogProbabilities() {}

  /// The chosen token, then the `top` most probable ones, which may hold the chosen one again.
  ///
  /// @param vocabulary ids that count; the row may be longer
  static List<LogProb> of(float[] row, int vocabulary, int chosen, int top) {
    int[] best = best(row, vocabulary, Math.min(top, vocabulary));
    double highest = row[0];
    for (int token = 1; token < vocabulary; token++) {
      highest = Math.max(highest, row[token]);
    }
    double sum = 0;
    for (int token = 0; token < vocabulary; token++) {
      sum += Exponential.of(row[token] - highest);
    }
    double normaliser = highest + StrictMath.log(sum);
    List<LogProb> all = new ArrayList<>(best.length + 1);
    all.add(new LogProb(chosen, (float) (row[chosen] - normaliser)));
    for (int token : best) {
      all.add(new LogProb(token, (float) (row[token] - normaliser)));
    }
    return all;
  }

  /// The best few by insertion; equal logits by rising id.
  private static int[] best(float[] row, int vocabulary, int count) {
    int[] best = new int[count];
    int filled = 0;
    for (int token = 0; token < vocabulary && count > 0; token++) {
      if (filled == count && row[token] <= row[best[count - 1]]) {
        continue;
      }
      int place = filled < count ? filled++ : count - 1;
      while (place > 0 && row[best[place - 1]] < row[token]) {
        best[place] = best[place - 1];
        place--;
      }
      best[place] = token;
    }
    return best;
  }
}
