package ringfence.router.policy.detector;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A normalised text with what detectors share.
public final class Text {
  static final Text EMPTY = new Text("");

  private final String value;
  private @Nullable String lowerCase;

  Text(String value) {
    this.value = value;
  }

  /// The characters.
  public String value() {
    return value;
  }

  /// The same length in lower case.
  String lowerCase() {
    String lower = lowerCase;
    if (lower == null) {
      lower = value.toLowerCase(Locale.ROOT);
      if (lower.length() != value.length()) {
        StringBuilder same = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
          same.append(Character.toLowerCase(value.charAt(i)));
        }
        lower = same.toString();
      }
      lowerCase = lower;
    }
    return lower;
  }

  /// The character there; 0 outside.
  public char at(int index) {
    return index >= 0 && index < value.length() ? value.charAt(index) : 0;
  }

  /// Whether the character there is an ASCII letter or digit.
  public boolean isWordAt(int index) {
    return isWord(at(index));
  }

  static boolean isWord(char c) {
    return isDigit(c) || isLetter(c);
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  static boolean isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  /// Reads letters and digits from there into `code` in upper case, over single blanks, dashes,
  /// dots and slashes, until it is full or something else comes.
  ///
  /// @return where it stopped reading; -1 when `code` is not full
  public int compact(int start, char[] code) {
    int count = 0;
    int at = start;
    while (count < code.length) {
      char c = at(at);
      if (isWord(c)) {
        code[count++] = c >= 'a' ? (char) (c - 32) : c;
        at++;
      } else if (count > 0 && isSeparator(c) && isWordAt(at + 1)) {
        at++;
      } else {
        return -1;
      }
    }
    return at;
  }

  static boolean isSeparator(char c) {
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '\n' || c == '\t' || c == '\u00b7';
  }
}
