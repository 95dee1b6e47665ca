package ringfence.node.engine;

/// The speed of a machine that is only simulated: the engine steps a sequence no sooner than this
/// says, whatever the backend could do. All else (places, pages, queue, order) is as ever.
///
/// A prompt's last token is computed `firstNanos` after it got pages, and after the prompts before
/// it where they are computed one after another; each token of the answer follows the one before
/// after [#tokenNanos(int)].
///
/// @param firstNanos at least 0
/// @param promptTokensPerSecond at which prompts are computed one after another, before
///   `firstNanos` begins; 0: they take no time beyond that
/// @param tokenNanos of a sequence that runs alone, at least 1
/// @param fullTokenNanos with `slots` sequences, in between in proportion; at least `tokenNanos`
/// @param slots at least 1
public record Pace(
    long firstNanos,
    double promptTokensPerSecond,
    long tokenNanos,
    long fullTokenNanos,
    int slots) {
  private static final double SECOND = 1e9;

  public Pace {
    if (firstNanos < 0
        || promptTokensPerSecond < 0
        || tokenNanos < 1
        || fullTokenNanos < tokenNanos
        || slots < 1) {
      throw new IllegalArgumentException("no such pace");
    }
  }

  /// Nanoseconds from one token to the next while so many sequences run.
  long tokenNanos(int running) {
    if (slots == 1) {
      return tokenNanos;
    }
    double load = Math.clamp((running - 1.0) / (slots - 1), 0, 1);
    return tokenNanos + Math.round(load * (fullTokenNanos - tokenNanos));
  }

  /// Nanoseconds for which a prompt keeps those behind it waiting.
  long promptNanos(int tokens) {
    return promptTokensPerSecond == 0 ? 0 : Math.round(tokens / promptTokensPerSecond * SECOND);
  }
}
