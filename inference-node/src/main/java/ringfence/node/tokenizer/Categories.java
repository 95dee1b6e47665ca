package ringfence.node.tokenizer;

/// Groups of Unicode's general categories, as pre-tokenizers tell characters apart.
///
/// A set of them is an `int` with a bit for each.
final class Categories {

  static final int OTHER = 0;
  static final int UPPER = 1;
  static final int LOWER = 2;
  static final int UNCASED = 3;
  static final int MARK = 4;
  static final int NUMBER = 5;
  static final int PUNCTUATION = 6;
  static final int SYMBOL = 7;
  static final int BLANK = 8;
  static final int LINE_END = 9;

  /// `[\p{Lu}\p{Lt}]`, `\p{Ll}`, `[\p{Lm}\p{Lo}]`: letters by case.
  static final int IN_UPPER = 1 << UPPER;

  static final int IN_LOWER = 1 << LOWER;
  static final int IN_UNCASED = 1 << UNCASED;

  /// `\p{L}`.
  static final int IN_LETTER = IN_UPPER | IN_LOWER | IN_UNCASED;

  /// `\p{M}`, `\p{N}`, `\p{P}`, `\p{S}`.
  static final int IN_MARK = 1 << MARK;

  static final int IN_NUMBER = 1 << NUMBER;
  static final int IN_PUNCTUATION = 1 << PUNCTUATION;
  static final int IN_SYMBOL = 1 << SYMBOL;

  /// `[\r\n]`.
  static final int IN_LINE_END = 1 << LINE_END;

  /// `\s`: Unicode's White_Space.
  static final int IN_SPACE = (1 << BLANK) | IN_LINE_END;

  static final int ALL = (1 << 10) - 1;

  private static final byte[] ASCII = new byte[128];

  static {
    for (int c = 0; c < ASCII.length; c++) {
      ASCII[c] = (byte) compute(c);
    }
  }

  private Categories() {}

  static int of(int codePoint) {
    return codePoint < 128 ? ASCII[codePoint] : compute(codePoint);
  }

  private static int compute(int codePoint) {
    if (codePoint == '\r' || codePoint == '\n') {
      return LINE_END;
    }
    if (whiteSpace(codePoint)) {
      return BLANK;
    }
    return switch (Character.getType(codePoint)) {
      case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> UPPER;
      case Character.LOWERCASE_LETTER -> LOWER;
      case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> UNCASED;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          MARK;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      case Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.CONNECTOR_PUNCTUATION,
          Character.OTHER_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION ->
          PUNCTUATION;
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL ->
          SYMBOL;
      default -> OTHER;
    };
  }

  private static boolean whiteSpace(int codePoint) {
    return (codePoint >= 0x09 && codePoint <= 0x0d)
        || codePoint == ' '
        || codePoint == 0x85
        || codePoint == 0xa0
        || codePoint == 0x1680
        || (codePoint >= 0x2000 && codePoint <= 0x200a)
        || codePoint == 0x2028
        || codePoint == 0x2029
        || codePoint == 0x202f
        || codePoint == 0x205f
        || codePoint == 0x3000;
  }
}
