package ringfence.node.tokenizer;

import org.jspecify.annotations.Nullable;

/// What a vocabulary entry is, with the code that `tokenizer.ggml.token_type` uses for it.
public enum TokenKind {
  /// A piece of text.
  NORMAL(1),
  /// Stands for what the vocabulary can't spell.
  UNKNOWN(2),
  /// Steers the model and has no text: only trusted text may spell it.
  CONTROL(3),
  /// Text that is always one token.
  USER_DEFINED(4),
  /// In the vocabulary, but never the result of encoding.
  UNUSED(5),
  /// One byte, spelled `<0xXX>`.
  BYTE(6);

  private static final TokenKind[] BY_CODE = {
    null, NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE
  };

  private final int code;

  TokenKind(int code) {
    this.code = code;
  }

  /// The code in the file.
  public int code() {
    return code;
  }

  /// The kind with a code; null for a code that is none.
  public static @Nullable TokenKind of(int code) {
    return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /// Never to be spelled by text from outside, and never part of an answer's text.
  boolean special() {
    return this == CONTROL || this == UNKNOWN;
  }
}
