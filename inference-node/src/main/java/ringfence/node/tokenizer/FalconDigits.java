package ringfence.node.tokenizer;

/// Falcon looks for digits only after it has spelled bytes as characters: bytes that the byte
/// alphabet spells `²`, `³`, `¹`, `¼`, `½` or `¾` are cut off from their character's others.
final class FalconDigits {

  private FalconDigits() {}

  /// Runs of digits, and what lies between them.
  static int runs(Utf8Text text, int from, int to) {
    boolean digits = number(text.bytes()[from] & 0xff);
    int at = from + 1;
    while (at < to && number(text.bytes()[at] & 0xff) == digits) {
      at++;
    }
    return at;
  }

  /// `[0-9][0-9][0-9]`, and what lies between.
  static int threes(Utf8Text text, int from, int to) {
    if (three(text, from, to)) {
      return from + 3;
    }
    int at = from + 1;
    while (at < to && !three(text, at, to)) {
      at++;
    }
    return at;
  }

  private static boolean three(Utf8Text text, int at, int to) {
    byte[] bytes = text.bytes();
    return at + 3 <= to && digit(bytes[at]) && digit(bytes[at + 1]) && digit(bytes[at + 2]);
  }

  private static boolean digit(int b) {
    return b >= '0' && b <= '9';
  }

  private static boolean number(int b) {
    return digit(b) || b == 0xb2 || b == 0xb3 || b == 0xb9 || b == 0xbc || b == 0xbd || b == 0xbe;
  }
}
