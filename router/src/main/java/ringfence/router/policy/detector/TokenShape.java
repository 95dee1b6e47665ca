package ringfence.router.policy.detector;

/// A prefix and what must follow it.
///
/// @param prefix at least two characters, the first a letter or a digit
/// @param alphabet of the rest
/// @param least characters of the rest
/// @param most characters of the rest; a longer run of the alphabet is something else
/// @param entropy the least bits per character of the rest; 0: whatever it is
public record TokenShape(String prefix, Alphabet alphabet, int least, int most, double entropy) {

  /// Sets of characters.
  public enum Alphabet {
    DIGITS,
    HEX,
    UPPER_DIGITS,
    LETTERS_DIGITS,
    /// base64url: letters, digits, `-`, `_`.
    URL_SAFE,
    /// base64 and base64url together with dots.
    ANY;

    boolean has(char c) {
      boolean digit = c >= '0' && c <= '9';
      boolean upper = c >= 'A' && c <= 'Z';
      boolean lower = c >= 'a' && c <= 'z';
      return switch (this) {
        case DIGITS -> digit;
        case HEX -> digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        case UPPER_DIGITS -> digit || upper;
        case LETTERS_DIGITS -> digit || upper || lower;
        case URL_SAFE -> digit || upper || lower || c == '-' || c == '_';
        case ANY ->
            digit || upper || lower || c == '-' || c == '_' || c == '.' || c == '/' || c == '+'
                || c == '=';
      };
    }
  }

  /// Any rest of that length.
  static TokenShape of(String prefix, Alphabet alphabet, int least, int most) {
    return new TokenShape(prefix, alphabet, least, most, 0);
  }

  /// A rest that looks drawn at random.
  static TokenShape random(String prefix, Alphabet alphabet, int least, int most) {
    return new TokenShape(prefix, alphabet, least, most, 2.8);
  }

  /// Whether one begins there; the character before is no letter or digit.
  boolean matchesAt(String text, int start) {
    if (!text.startsWith(prefix, start)) {
      return false;
    }
    int from = start + prefix.length();
    int end = from;
    while (end < text.length() && end - from <= most && alphabet.has(text.charAt(end))) {
      end++;
    }
    int length = end - from;
    return length >= least
        && length <= most
        && (entropy == 0 || Entropy.bitsPerCharacter(text, from, end) >= entropy);
  }
}
