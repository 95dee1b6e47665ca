package ringfence.node.gguf;

/// Says what is wrong with a model file, naming the key or tensor, and what to do about it.
public final class GgufException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST_NAME = 80;

  public GgufException(String message) {
    super(message);
  }

  GgufException(String message, GgufException cause) {
    super(message, cause);
  }

  /// A name out of a file, fit for a message: bounded, in quotes, without control characters.
  public static String quoted(String name) {
    StringBuilder quoted = new StringBuilder("'");
    int shown = Math.min(name.length(), LONGEST_NAME);
    for (int i = 0; i < shown; i++) {
      char c = name.charAt(i);
      quoted.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
    }
    return quoted.append(shown < name.length() ? "...'" : "'").toString();
  }
}
