package ringfence.node.tokenizer;

import java.util.Arrays;

/// A set of code points, written as in a pattern's brackets: `a-zA-Z_`.
final class CodePoints {

  /// First and last of each range, ascending.
  private final int[] borders;

  private CodePoints(int[] borders) {
    this.borders = borders;
  }

  /// @param ranges ascending, single code points or `first-last`; a `-` that is meant as such comes
  ///   first
  static CodePoints of(String ranges) {
    int[] all = ranges.codePoints().toArray();
    int[] borders = new int[2 * all.length];
    int count = 0;
    for (int i = 0; i < all.length; i++) {
      int first = all[i];
      int last = first;
      if (i + 2 < all.length && all[i + 1] == '-') {
        last = all[i + 2];
        i += 2;
      }
      borders[count++] = first;
      borders[count++] = last;
    }
    return new CodePoints(Arrays.copyOf(borders, count));
  }

  boolean contains(int codePoint) {
    int low = 0;
    int high = borders.length / 2;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (codePoint > borders[2 * middle + 1]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return 2 * low < borders.length && codePoint >= borders[2 * low];
  }

  /// Whether there is one of them at `at`.
  boolean at(Utf8Text text, int at, int to) {
    return at < to && contains(text.codePoint(at));
  }

  /// Where their run that starts at `from` ends.
  int run(Utf8Text text, int from, int to) {
    int at = from;
    while (at(text, at, to)) {
      at = text.next(at);
    }
    return at;
  }
}
