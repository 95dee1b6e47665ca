package ringfence.node.engine;

/// What runs in a step.
final class Scheduler {
  private final int most;
  private final int promptChunk;
  private int maxStepTokens;

  Scheduler(EngineOptions options) {
    this.most = options.maxStepTokens();
    this.promptChunk = options.promptChunk();
    this.maxStepTokens = most;
  }

  /// Steps have half as many tokens at most from now on.
  void halve() {
    maxStepTokens = Math.max(1, maxStepTokens / 2);
  }

  /// Steps may be as large as at first again.
  void restore() {
    maxStepTokens = most;
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
