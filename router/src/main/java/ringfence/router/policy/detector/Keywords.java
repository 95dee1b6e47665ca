package ringfence.router.policy.detector;

import java.util.Arrays;

/// Words beside a number that say what it is. A number whose checksum every tenth number passes
/// counts only near one of them.
public final class Keywords {
  private static final int BEFORE = 64;
  private static final int AFTER = 32;

  private final String[] words;

  private Keywords(String... words) {
    this.words = words;
  }

  /// In lower case; each is looked for as a whole word or words.
  public static Keywords of(String... words) {
    return new Keywords(Arrays.copyOf(words, words.length));
  }

  boolean near(Text text, int start, int end) {
    if (!text.mayHave(this)) {
      return false;
    }
    String lower = text.lowerCase();
    int from = Math.max(0, start - BEFORE);
    int to = Math.min(lower.length(), end + AFTER);
    for (String word : words) {
      int at = lower.indexOf(word, from, to);
      while (at >= 0) {
        if ((at + word.length() <= start || at >= end) && isWhole(lower, at, word.length())) {
          return true;
        }
        at = lower.indexOf(word, at + 1, to);
      }
    }
    return false;
  }

  /// Whether one of them is anywhere in it, as a part of a word too.
  boolean anywhere(String lower) {
    for (String word : words) {
      if (lower.contains(word)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isWhole(String text, int at, int length) {
    return (at == 0 || !Character.isLetter(text.charAt(at - 1)))
        && (at + length == text.length() || !Character.isLetter(text.charAt(at + length)));
  }
}
