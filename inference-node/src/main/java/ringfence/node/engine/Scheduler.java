package ringfence.node.engine;

/// What runs in a step. Values in, values out.
final class Scheduler {
  private final int maxStepTokens;
  private final int promptChunk;

  Scheduler(EngineOptions options) {
    this.maxStepTokens = options.maxStepTokens();
    this.promptChunk = options.promptChunk();
  }

  /// Tokens of each sequence to compute now: each decoding one its single token, so that no prompt
  /// holds it up, then prompts in order. While anything decodes, prompts share `promptChunk`
  /// tokens.
  ///
  /// @param pending tokens that each sequence has and the KV cache lacks, the oldest sequence
  ///   first; 1 is decoding
  int[] plan(int[] pending) {
    int[] counts = new int[pending.length];
    int decoding = 0;
    for (int i = 0; i < pending.length && decoding < maxStepTokens; i++) {
      if (pending[i] == 1) {
        counts[i] = 1;
        decoding++;
      }
    }
    int left = maxStepTokens - decoding;
    if (decoding > 0) {
      left = Math.min(left, promptChunk);
    }
    for (int i = 0; i < pending.length && left > 0; i++) {
      if (pending[i] > 1) {
        counts[i] = Math.min(pending[i], left);
        left -= counts[i];
      }
    }
    return counts;
  }
}
