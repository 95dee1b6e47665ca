package ringfence.node.engine;

import java.util.List;

/// A task's stop strings, ready for matching; shared by its choices.
final class StopStrings {
  private final String[] strings;
  // Knuth, Morris and Pratt: [string][matched] is how many characters are still matched after the
  // next one fails.
  private final int[][] fallbacks;

  StopStrings(List<String> strings) {
    this.strings = strings.toArray(String[]::new);
    this.fallbacks = new int[this.strings.length][];
    for (int i = 0; i < this.strings.length; i++) {
      fallbacks[i] = fallbacks(this.strings[i]);
    }
  }

  private static int[] fallbacks(String string) {
    int[] fallbacks = new int[string.length() + 1];
    int matched = 0;
    for (int i = 1; i < string.length(); i++) {
      while (matched > 0 && string.charAt(i) != string.charAt(matched)) {
        matched = fallbacks[matched];
      }
      if (string.charAt(i) == string.charAt(matched)) {
        matched++;
      }
      fallbacks[i + 1] = matched;
    }
    return fallbacks;
  }

  int count() {
    return strings.length;
  }

  String string(int index) {
    return strings[index];
  }

  /// Characters of a string that are matched after one more character.
  ///
  /// @param matched before it, less than the string's length
  int advance(int index, int matched, char next) {
    String string = strings[index];
    int now = matched;
    while (now > 0 && string.charAt(now) != next) {
      now = fallbacks[index][now];
    }
    return string.charAt(now) == next ? now + 1 : now;
  }
}
