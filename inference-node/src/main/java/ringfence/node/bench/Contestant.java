package ringfence.node.bench;

/// One side of a comparison. Both sides get the same tokens and the same context lengths.
public interface Contestant extends AutoCloseable {
  /// Tokens in a sequence's context before decoding is measured, where nothing else is asked for.
  int DECODE_CONTEXT = 32;

  /// For the table's heading.
  String name();

  /// Reads a prompt into an empty context in one go and computes the last token's logits.
  ///
  /// @return seconds
  double prefill(int tokens);

  /// Decodes with `sequences` sequences side by side, each after `context` tokens.
  ///
  /// @return seconds of each step, which gives every sequence one token's logits, or the token
  double[] decode(int sequences, int context, int steps);

  @Override
  void close();

  /// The token at a position; any will do, as long as both sides have the same.
  static int token(int position, int vocabulary) {
    return (100 + position % 500) % vocabulary;
  }
}
