package ringfence.node.engine;

import java.util.Arrays;
import java.util.Map;

/// What one sequence adds to its logits: bias and penalties, a function of its parameters and its
/// tokens so far. Touches the tokens concerned only.
final class Adjustments {
  private final SamplingParameters parameters;
  private final int[] biased;
  private final float[] biases;

  // Distinct tokens in order of appearance, and a hash table of their indices plus 1.
  private int[] tokens = new int[16];
  private int[] answerCounts = new int[16];
  private int[] table = new int[64];
  private int distinct;

  Adjustments(SamplingParameters parameters) {
    this.parameters = parameters;
    this.biased = new int[parameters.logitBias().size()];
    this.biases = new float[biased.length];
    int next = 0;
    for (Map.Entry<Integer, Float> bias : parameters.logitBias().entrySet()) {
      biased[next] = bias.getKey();
      biases[next++] = bias.getValue();
    }
  }

  /// Counts a token of the prompt, for the repetition penalty.
  void addPrompt(int token) {
    if (parameters.repetitionPenalty() != 1) {
      indexOf(token);
    }
  }

  /// Counts a token of the answer, for all penalties.
  void addAnswer(int token) {
    if (parameters.repetitionPenalty() != 1
        || parameters.frequencyPenalty() != 0
        || parameters.presencePenalty() != 0) {
      // Not in one expression: finding the index may replace the array.
      int index = indexOf(token);
      answerCounts[index]++;
    }
  }

  /// True when [#apply] would change nothing.
  boolean isEmpty() {
    return biased.length == 0 && distinct == 0;
  }

  /// Logit bias first, then repetition (Keskar et al., 2019: towards 0 from above, away from it
  /// below), then frequency and presence.
  void apply(float[] logits) {
    for (int i = 0; i < biased.length; i++) {
      logits[biased[i]] += biases[i];
    }
    float repetition = parameters.repetitionPenalty();
    for (int i = 0; i < distinct; i++) {
      float logit = logits[tokens[i]];
      logit = logit > 0 ? logit / repetition : logit * repetition;
      if (answerCounts[i] > 0) {
        logit -= answerCounts[i] * parameters.frequencyPenalty() + parameters.presencePenalty();
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
