/// What an answer is to be like.
///
/// @param firstNanos that the node takes to its first token by its settings
/// @param eachNanos from token to token
record Timing(long firstNanos, long eachNanos, int tokens) {
  /// From `TTFT_MS TPOT_MS TOKENS`, which begin there.
  static Timing of(String[] args, int from) {
    return new Timing(nanos(args[from]), nanos(args[from + 1]), Integer.parseInt(args[from + 2]));
  }

  static long nanos(String millis) {
    return (long) (Double.parseDouble(millis) * 1e6);
  }

  /// To the last token.
  long lastNanos() {
    return firstNanos + (tokens - 1) * eachNanos;
  }
}
