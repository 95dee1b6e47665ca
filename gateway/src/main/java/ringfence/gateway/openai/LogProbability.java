package ringfence.gateway.openai;

/// JSON has no infinity: OpenAI writes a token that can't occur as -9999.
final class LogProbability {
  private static final float NEVER = -9999f;

  private LogProbability() {}

  static float finite(float logprob) {
    return logprob >= NEVER ? logprob : NEVER;
  }
}
