package ringfence.router.policy.detector;

import java.text.Normalizer;

/// Makes look-alike writings one: compatibility forms (full-width digits, ligatures), invisible
/// characters, the many dashes, blanks and digits of the world.
final class Normaliser {
  private Normaliser() {}

  /// The text as detectors see it. Plain ASCII is left as it is.
  static String normalise(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x7f || (c < ' ' && c != '\n' && c != '\t' && c != '\r')) {
        return rewritten(text);
      }
    }
    return text;
  }

  private static String rewritten(String text) {
    String composed =
        Normalizer.isNormalized(text, Normalizer.Form.NFKC)
            ? text
            : Normalizer.normalize(text, Normalizer.Form.NFKC);
    StringBuilder plain = new StringBuilder(composed.length());
    int i = 0;
    while (i < composed.length()) {
      int c = composed.codePointAt(i);
      i += Character.charCount(c);
      if (c < 0x7f) {
        if (c >= ' ' || c == '\n' || c == '\t' || c == '\r') {
          plain.append((char) c);
        }
        continue;
      }
      switch (Character.getType(c)) {
        // Zero-width and bidi controls, soft hyphens, variation selectors and tags, other controls.
        case Character.FORMAT, Character.CONTROL, Character.UNASSIGNED, Character.PRIVATE_USE -> {}
        case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> {
          if (!isInvisible(c)) {
            plain.appendCodePoint(c);
          }
        }
        case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
            plain.append(' ');
        case Character.DASH_PUNCTUATION -> plain.append('-');
        case Character.DECIMAL_DIGIT_NUMBER -> plain.append((char) ('0' + Character.digit(c, 10)));
        default -> {
          if (c == 0x2212) {
            plain.append('-');
          } else if (!isInvisible(c)) {
            plain.appendCodePoint(c);
          }
        }
      }
    }
    return plain.toString();
  }

  /// Letters and marks that show nothing: Hangul fillers, the grapheme joiner, the braille blank,
  /// variation selectors, and what encloses a digit to make it a key-cap.
  private static boolean isInvisible(int c) {
    return c == 0x034f
        || c == 0x115f
        || c == 0x1160
        || c == 0x17b4
        || c == 0x17b5
        || c == 0x20e3
        || c == 0x2800
        || c == 0x3164
        || c == 0xffa0
        || (c >= 0xfe00 && c <= 0xfe0f)
        || (c >= 0xe0100 && c <= 0xe01ef);
  }
}
