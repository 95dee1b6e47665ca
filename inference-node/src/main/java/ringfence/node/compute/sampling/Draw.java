package ringfence.node.compute.sampling;

import org.jspecify.annotations.Nullable;

/// How the next token of one sequence is drawn from its logits. What it refers to is lent: it stays
/// as it is until the token is taken.
///
/// The order is: logit bias, penalties ([Adjustments]), then the mask; and then
///
/// - with temperature 0 the highest logit, the lowest id among equals;
/// - else division by the temperature, top-k, top-p over the probabilities of what top-k left (the
///   most probable tokens until their sum reaches `topP`), min-p (at least `minP` times as probable
///   as the most probable token), and one draw from what is left, in proportion.
///
/// Each filter keeps the first so many tokens of one order, by falling logit and rising id. The
/// draw walks the kept tokens until the sum of their weights exceeds [#uniform] times the weight of
/// all: in that order where a filter is on, by rising id where none is.
///
/// @param temperature 0 is greedy
/// @param topK 0 is off
/// @param topP 1 is off
/// @param minP 0 is off
/// @param seed key of the random numbers
/// @param choice of the answer; with `offset` the random numbers' counter
/// @param offset of the token in its choice's answer
/// @param adjustments of this sequence, with all its tokens before `offset`
/// @param allowed bit `id % 64` of word `id / 64` is set for ids that may be drawn; ids behind its
///   end may not. Null is all
/// @param topLogProbs -1 for no log probabilities, else how many of the most probable tokens beside
///   the drawn one, at most [#MAX_TOP_LOG_PROBS]
public record Draw(
    float temperature,
    int topK,
    float topP,
    float minP,
    long seed,
    int choice,
    int offset,
    Adjustments adjustments,
    long @Nullable [] allowed,
    int topLogProbs) {
  public static final int MAX_TOP_LOG_PROBS = 20;

  /// The most probable token, nothing else.
  public static Draw greedy() {
    return new Draw(0, 0, 1, 0, 0, 0, 0, Adjustments.none(), null, -1);
  }

  /// True when no filter but the mask is on.
  ///
  /// @param vocabulary ids that there are
  public boolean keepsAll(int vocabulary) {
    return (topK == 0 || topK >= vocabulary) && topP == 1 && minP == 0;
  }

  /// The random number in `[0, 1)` that decides.
  public double uniform() {
    int[] words = {offset, 0, choice, 0};
    Philox.apply(words, seed);
    return Philox.uniform(words);
  }
}
