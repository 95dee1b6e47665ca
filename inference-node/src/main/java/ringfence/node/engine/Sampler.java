package ringfence.node.engine;

/// Chooses the next token: a function of the logits, the parameters, the sequence's tokens, its
/// choice and the token's offset. The arrays it keeps are scratch.
///
/// The order is: logit bias; repetition, frequency and presence penalty; and then
///
/// - with temperature 0 the highest logit, the lowest id among equals;
/// - else division by the temperature, top-k, top-p over the probabilities of what top-k left (the
///   most probable tokens until their sum reaches `topP`), min-p (at least `minP` times as probable
///   as the most probable token), and one draw from what is left, in proportion.
///
/// Each filter keeps the first so many tokens of one order, by falling logit and rising id, so
/// nothing needs sorting beyond the last token that is kept.
final class Sampler {
  private final int vocabulary;
  private final float[] adjusted;
  private final double[] weights;
  private final Ranking ranking;
  private final int[] words = new int[4];

  /// @param vocabulary ids that may be chosen; rows may be longer
  Sampler(int vocabulary) {
    this.vocabulary = vocabulary;
    this.adjusted = new float[vocabulary];
    this.weights = new double[vocabulary];
    this.ranking = new Ranking(vocabulary);
  }

  /// The token at `offset` of the answer.
  ///
  /// @param row the model's logits, left as they are
  /// @param adjustments of this sequence, with all its tokens before `offset`
  /// @throws EngineException INTERNAL, when a logit is not a finite number
  int next(
      float[] row, SamplingParameters parameters, Adjustments adjustments, int choice, int offset) {
    requireFinite(row);
    float[] logits = row;
    if (!adjustments.isEmpty()) {
      System.arraycopy(row, 0, adjusted, 0, vocabulary);
      adjustments.apply(adjusted);
      logits = adjusted;
    }
    int best = highest(logits);
    if (parameters.temperature() == 0) {
      return best;
    }
    words[0] = offset;
    words[1] = 0;
    words[2] = choice;
    words[3] = 0;
    Philox.apply(words, parameters.seed());
    double uniform = Philox.uniform(words);
    boolean all =
        (parameters.topK() == 0 || parameters.topK() >= vocabulary)
            && parameters.topP() == 1
            && parameters.minP() == 0;
    double scale = 1.0 / parameters.temperature();
    return all
        ? drawFromAll(logits, logits[best], scale, uniform)
        : drawFromBest(logits, logits[best], scale, parameters, uniform);
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

  private int drawFromBest(
      float[] logits, float highest, double scale, SamplingParameters parameters, double uniform) {
    int limit = parameters.topK() == 0 ? vocabulary : Math.min(parameters.topK(), vocabulary);
    ranking.reset(logits);
    double enough = Double.POSITIVE_INFINITY;
    if (parameters.topP() < 1) {
      enough = parameters.topP() * mass(logits, highest, scale, limit);
    }
    double mass = 0;
    int kept = 0;
    while (kept < limit && mass < enough) {
      double weight = weight(logits[ranking.token(kept)], highest, scale);
      if (kept > 0 && (weight < parameters.minP() || weight == 0)) {
        break;
      }
      weights[kept++] = weight;
      mass += weight;
    }
    double goal = uniform * mass;
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

  private void requireFinite(float[] row) {
    for (int token = 0; token < vocabulary; token++) {
      if (!Float.isFinite(row[token])) {
        throw new EngineException(
            EngineException.Reason.INTERNAL,
            "the model's logits hold a value that is not a finite number");
      }
    }
  }
}
