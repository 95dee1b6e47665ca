package ringfence.router.policy.detector;

import java.util.IdentityHashMap;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A normalised text with what detectors share; belongs to one thread.
public final class Text {
  static final Text EMPTY = new Text("");

  /// As long as an IBAN.
  private static final int LONGEST_CODE = 34;

  private final String value;
  private @Nullable String lowerCase;
  private final IdentityHashMap<Keywords, Boolean> keywords = new IdentityHashMap<>();

  /// What [#compact] has read from [#compactStart] on: characters, and where each of them ends.
  private final char[] compacted = new char[LONGEST_CODE];

  private final int[] compactedEnds = new int[LONGEST_CODE];
  private int compactStart = -1;
  private int compactCount;

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

  /// False where none of the words is anywhere in it: asked once for each list.
  boolean mayHave(Keywords words) {
    return keywords.computeIfAbsent(words, w -> w.anywhere(lowerCase()));
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
  /// @param code at most 34 characters
  /// @return where it stopped reading; -1 when `code` is not full
  public int compact(int start, char[] code) {
    // Several detectors ask about one place, each for its own length.
    if (start != compactStart) {
      compactStart = start;
      compactCount = 0;
    }
    int at = compactCount == 0 ? start : compactedEnds[compactCount - 1];
    while (compactCount < code.length) {
      char c = at(at);
      if (isWord(c)) {
        at++;
        compacted[compactCount] = c >= 'a' ? (char) (c - 32) : c;
        compactedEnds[compactCount++] = at;
      } else if (compactCount > 0 && isSeparator(c) && isWordAt(at + 1)) {
        at++;
      } else {
        return -1;
      }
    }
    System.arraycopy(compacted, 0, code, 0, code.length);
    return compactedEnds[code.length - 1];
  }

  static boolean isSeparator(char c) {
    return c == ' ' || c == '-' || c == '.' || c == '/' || c == '\n' || c == '\t' || c == '\u00b7';
  }
}
