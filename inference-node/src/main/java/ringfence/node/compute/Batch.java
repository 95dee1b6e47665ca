package ringfence.node.compute;

import java.util.List;

/// What one forward pass computes: a run of consecutive tokens for each of several sequences.
/// Prompt chunks and single decoded tokens stand side by side.
public record Batch(List<Run> runs) {

  public Batch {
    runs = List.copyOf(runs);
  }

  /// Tokens over all runs.
  public int tokens() {
    int tokens = 0;
    for (Run run : runs) {
      tokens += run.tokens().length;
    }
    return tokens;
  }

  /// Rows of logits over all runs.
  public int outputs() {
    int outputs = 0;
    for (Run run : runs) {
      outputs += run.outputs();
    }
    return outputs;
  }

  /// Consecutive tokens of one sequence. Keys and values of earlier positions are already in its
  /// pages; this run's are written there.
  ///
  /// @param tokens at least one id
  /// @param position of the first token in its sequence, from 0
  /// @param pages KV page ids of the sequence, in order; they hold positions 0 to `position +
  ///   tokens.length - 1`. May be longer
  /// @param outputs how many of the last tokens want logits: 0 to `tokens.length`
  public record Run(int[] tokens, int position, int[] pages, int outputs) {}
}
