package ringfence.node.compute.sampling;

import java.util.Arrays;
import java.util.Map;

/// What one sequence adds to its logits: bias and penalties, a function of its parameters and its
/// tokens so far. Touches the tokens concerned only.
///
/// Logit bias comes first, then for each token seen, in the sequence's own prompt or answer, the
/// repetition penalty (Keskar et al., 2019: division where the logit is above 0, else
/// multiplication), and then for those in the answer `count * frequency + presence` is taken off.
///
/// A device gets the arrays, which are this object's own and grow with the sequence: to be read
/// until the pass is over, not kept, not written.
public final class Adjustments {
  private static final Adjustments NONE = new Adjustments(Map.of(), 1, 0, 0);

  private final float repetition;
  private final float frequency;
  private final float presence;
  private final int[] biased;
  private final float[] biases;

  // Distinct tokens in order of appearance, and a hash table of their indices plus 1.
  private int[] tokens = new int[16];
  private int[] answerCounts = new int[16];
  private int[] table = new int[64];
  private int distinct;

  /// @param logitBias token id to what is added to its logit
  /// @param repetition 1 is off
  /// @param frequency 0 is off
  /// @param presence 0 is off
  public Adjustments(
      Map<Integer, Float> logitBias, float repetition, float frequency, float presence) {
    this.repetition = repetition;
    this.frequency = frequency;
    this.presence = presence;
    this.biased = new int[logitBias.size()];
    this.biases = new float[biased.length];
    int next = 0;
    for (Map.Entry<Integer, Float> bias : logitBias.entrySet()) {
      biased[next] = bias.getKey();
      biases[next++] = bias.getValue();
    }
  }

  /// Those that change nothing, whatever the tokens.
  public static Adjustments none() {
    return NONE;
  }

  /// Counts a token of the prompt, for the repetition penalty.
  public void addPrompt(int token) {
    if (repetition != 1) {
      indexOf(token);
    }
  }

  /// Counts a token of the answer, for all penalties.
  public void addAnswer(int token) {
    if (repetition != 1 || frequency != 0 || presence != 0) {
      // Not in one expression: finding the index may replace the array.
      int index = indexOf(token);
      answerCounts[index]++;
    }
  }

  /// True when [#apply] would change nothing.
  public boolean isEmpty() {
    return biased.length == 0 && distinct == 0;
  }

  /// Tokens with a bias, distinct.
  public int[] biased() {
    return biased;
  }

  /// Their biases.
  public float[] biases() {
    return biases;
  }

  /// Tokens seen; the first [#seenCount] count.
  public int[] seen() {
    return tokens;
  }

  /// How often each of them is in the answer.
  public int[] answerCounts() {
    return answerCounts;
  }

  /// Distinct tokens seen; 0 while no penalty is on.
  public int seenCount() {
    return distinct;
  }

  public float repetition() {
    return repetition;
  }

  public float frequency() {
    return frequency;
  }

  public float presence() {
    return presence;
  }

  /// Adjusts a row of logits in place.
  public void apply(float[] logits) {
    for (int i = 0; i < biased.length; i++) {
      logits[biased[i]] += biases[i];
    }
    for (int i = 0; i < distinct; i++) {
      float logit = logits[tokens[i]];
      logit = logit > 0 ? logit / repetition : logit * repetition;
      if (answerCounts[i] > 0) {
        logit -= answerCounts[i] * frequency + presence;
      }
      logits[tokens[i]] = logit;
    }
  }

  private int indexOf(int token) {
    int slot = slot(token);
    if (table[slot] == 0) {
      if (distinct == tokens.length) {
        tokens = Arrays.copyOf(tokens, 2 * distinct);
        answerCounts = Arrays.copyOf(answerCounts, 2 * distinct);
      }
      tokens[distinct] = token;
      table[slot] = ++distinct;
      if (2 * distinct > table.length) {
        table = new int[2 * table.length];
        for (int i = 0; i < distinct; i++) {
          table[slot(tokens[i])] = i + 1;
        }
      }
      return distinct - 1;
    }
    return table[slot] - 1;
  }

  private int slot(int token) {
    int slot = ((token * 0x9E3779B9) >>> 7) & (table.length - 1);
    while (table[slot] != 0 && tokens[table[slot] - 1] != token) {
      slot = (slot + 1) & (table.length - 1);
    }
    return slot;
  }
}
