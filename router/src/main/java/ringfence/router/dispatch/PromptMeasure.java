package ringfence.router.dispatch;

import ringfence.proto.v1.Prompt;

/// A prompt's size.
///
/// @param bytes on the wire
/// @param tokens estimate
/// @param leastTokens what it surely has
record PromptMeasure(int bytes, int tokens, int leastTokens) {
  /// A token of English text or code has about four bytes; what is estimated too high or too low
  /// here shifts all targets alike.
  private static final int USUAL_BYTES_PER_TOKEN = 4;

  /// The longest tokens of known vocabularies (runs of spaces) have 128 bytes.
  private static final int MOST_BYTES_PER_TOKEN = 128;

  static PromptMeasure of(Prompt prompt) {
    int bytes = prompt.getSerializedSize();
    return switch (prompt.getInputCase()) {
      case TOKEN_IDS -> {
        int ids = prompt.getTokenIds().getIdsCount();
        yield new PromptMeasure(bytes, ids, ids);
      }
      case TEXT, CHAT, INPUT_NOT_SET ->
          new PromptMeasure(
              bytes, bytes / USUAL_BYTES_PER_TOKEN + 1, bytes / 2 / MOST_BYTES_PER_TOKEN);
    };
  }
}
