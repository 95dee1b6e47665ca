package ringfence.node.compute.sampling;

import java.util.List;

/// Draws tokens on the host, as [Draw] says: the oracle of every device's sampling. The arrays it
/// keeps are scratch.
///
/// Each filter keeps the first so many tokens of one order, so nothing needs sorting beyond the
/// last token that is kept.
public final class Sampler {
  private final int vocabulary;
  private final float[] adjusted;
  private final double[] weights;
  private final Ranking ranking;

  /// @param vocabulary ids that may be drawn; rows may be longer
  public Sampler(int vocabulary) {
    this.vocabulary = vocabulary;
    this.adjusted = new float[vocabulary];
    this.weights = new double[vocabulary];
    this.ranking = new Ranking(vocabulary);
  }

  /// Draws a token.
  ///
  /// @param row the model's logits, left as they are
  public Drawn next(float[] row, Draw draw) {
    if (!isFinite(row)) {
      return Drawn.Failure.NOT_FINITE;
    }
    float[] logits = row;
    if (!draw.adjustments().isEmpty() || draw.allowed() != null) {
      System.arraycopy(row, 0, adjusted, 0, vocabulary);
      draw.adjustments().apply(adjusted);
      if (draw.allowed() != null) {
        mask(draw.allowed());
      }
      logits = adjusted;
    }
    int best = highest(logits);
    if (logits[best] == Float.NEGATIVE_INFINITY) {
      return Drawn.Failure.NONE_ALLOWED;
    }
    int token = draw.temperature() == 0 ? best : choose(logits, logits[best], draw);
    return new Drawn.Token(
        token,
        draw.topLogProbs() < 0
            ? List.of()
            : LogProbabilities.of(row, vocabulary, token, draw.topLogProbs()));
  }

  private int choose(float[] logits, float highest, Draw draw) {
    double scale = 1.0 / draw.temperature();
    return draw.keepsAll(vocabulary)
        ? drawFromAll(logits, highest, scale, draw.uniform())
        : drawFromBest(logits, highest, scale, draw);
  }

  /// Gives tokens that are not allowed no weight at all.
  private void mask(long[] allowed) {
    for (int token = 0; token < vocabulary; token++) {
      int word = token >>> 6;
      if (word >= allowed.length || (allowed[word] >>> token & 1) == 0) {
        adjusted[token] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  private int drawFromAll(float[] logits, float highest, double scale, double uniform) {
    double total = weighAll(logits, highest, scale);
    double goal = uniform * total;
    double sum = 0;
    int last = 0;
    for (int token = 0; token < vocabulary; token++) {
      double weight = weights[token];
      if (weight > 0) {
        sum += weight;
        last = token;
        if (sum > goal) {
          break;
        }
      }
    }
    return last;
  }

  private int drawFromBest(float[] logits, float highest, double scale, Draw draw) {
    int limit = draw.topK() == 0 ? vocabulary : Math.min(draw.topK(), vocabulary);
    ranking.reset(logits);
    double enough = Double.POSITIVE_INFINITY;
    if (draw.topP() < 1) {
      enough = draw.topP() * mass(logits, highest, scale, limit);
    }
    double mass = 0;
    int kept = 0;
    while (kept < limit && mass < enough) {
      double weight = weight(logits[ranking.token(kept)], highest, scale);
      if (kept > 0 && (weight < draw.minP() || weight == 0)) {
        break;
      }
      weights[kept++] = weight;
      mass += weight;
    }
    double goal = draw.uniform() * mass;
    double sum = 0;
    int rank = 0;
    while (rank < kept - 1 && (sum += weights[rank]) <= goal) {
      rank++;
    }
    return ranking.token(rank);
  }

  /// Sum of the weights of the first `limit` tokens by rank.
  private double mass(float[] logits, float highest, double scale, int limit) {
    if (limit == vocabulary) {
      return weighAll(logits, highest, scale);
    }
    double mass = 0;
    for (int rank = 0; rank < limit; rank++) {
      mass += weight(logits[ranking.token(rank)], highest, scale);
    }
    return mass;
  }

  private double weighAll(float[] logits, float highest, double scale) {
    double total = 0;
    for (int token = 0; token < vocabulary; token++) {
      weights[token] = weight(logits[token], highest, scale);
      total += weights[token];
    }
    return total;
  }

  /// A token's probability in units of the best token's.
  private static double weight(float logit, float highest, double scale) {
    return Exponential.of(((double) logit - highest) * scale);
  }

  private int highest(float[] logits) {
    int best = 0;
    for (int token = 1; token < vocabulary; token++) {
      if (logits[token] > logits[best]) {
        best = token;
      }
    }
    return best;
  }

  private boolean isFinite(float[] row) {
    for (int token = 0; token < vocabulary; token++) {
      if (!Float.isFinite(row[token])) {
        return false;
      }
    }
    return true;
  }
}
