package ringfence.router.policy.detector;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Runs detectors over a text. One pass finds where words and groups of digits begin; each detector
/// is asked only where what it knows could be. Safe for any number of threads.
final class TextScanner {
  private static final int ASCII = 128;

  /// The longest separator between two groups of digits of one number, as in `(0) 30`.
  private static final int MAX_GAP = 3;

  /// Digits glued to letters are part of a word, unless they are so many.
  private static final int LEAST_GLUED = 12;

  private static final int LONGEST_CODE_PREFIX = 6;

  private record NamedShape(String name, TokenShape shape) {}

  private final List<TextDetector> texts = new ArrayList<>();
  private final List<CodeDetector> codes = new ArrayList<>();
  private final List<List<NumberDetector>> numbersByCount = new ArrayList<>();
  private final List<List<NamedShape>> shapesByFirst = new ArrayList<>();
  private final int fewestDigits;

  TextScanner(List<Detector> detectors) {
    for (int count = 0; count <= NumberWindow.MAX_DIGITS; count++) {
      numbersByCount.add(new ArrayList<>());
    }
    for (int c = 0; c < ASCII; c++) {
      shapesByFirst.add(new ArrayList<>());
    }
    int fewest = NumberWindow.MAX_DIGITS + 1;
    for (Detector detector : detectors) {
      switch (detector) {
        case TextDetector text -> texts.add(text);
        case CodeDetector code -> codes.add(code);
        case NumberDetector number -> {
          for (int count = number.minDigits(); count <= number.maxDigits(); count++) {
            numbersByCount.get(count).add(number);
          }
          fewest = Math.min(fewest, number.minDigits());
        }
        case TokenDetector token -> {
          for (TokenShape shape : token.shapes()) {
            shapesByFirst.get(shape.prefix().charAt(0)).add(new NamedShape(token.name(), shape));
          }
        }
      }
    }
    fewestDigits = fewest;
  }

  /// Adds to `found` the names of what the text holds.
  ///
  /// @param limit is asked now and then; it throws when time is up
  void scan(Text text, Set<String> found, Runnable limit) {
    for (TextDetector detector : texts) {
      if (!found.contains(detector.name())
          && (detector.needs() == 0 || text.value().indexOf(detector.needs()) >= 0)) {
        limit.run();
        if (detector.finds(text)) {
          found.add(detector.name());
        }
      }
    }
    limit.run();
    new Pass(text, found, limit).run();
  }

  /// One pass over one text.
  private final class Pass {
    private final Text text;
    private final String value;
    private final Set<String> found;
    private final Runnable limit;
    private final NumberWindow window = new NumberWindow();

    /// Groups of digits that may belong together: where each begins and ends.
    private int[] starts = new int[16];

    private int[] ends = new int[16];
    private int groups;
    private int digits;

    Pass(Text text, Set<String> found, Runnable limit) {
      this.text = text;
      this.value = text.value();
      this.found = found;
      this.limit = limit;
      window.text = text;
    }

    void run() {
      int length = value.length();
      int sinceLimit = 0;
      int at = 0;
      while (at < length) {
        if (!Text.isWord(value.charAt(at))) {
          at++;
          continue;
        }
        int start = at;
        boolean digit = false;
        while (at < length && Text.isWord(value.charAt(at))) {
          if (Text.isDigit(value.charAt(at))) {
            digit = true;
            at = group(at);
          } else {
            at++;
          }
        }
        word(start, at, digit);
        sinceLimit += at - start;
        if (sinceLimit > 4_096) {
          sinceLimit = 0;
          limit.run();
        }
      }
      chain();
    }

    /// Takes the digits that begin there into the chain, and says where they end.
    private int group(int start) {
      int end = start + 1;
      while (end < value.length() && Text.isDigit(value.charAt(end))) {
        end++;
      }
      if (groups > 0 && !isGap(ends[groups - 1], start)) {
        chain();
      }
      if (groups == starts.length) {
        starts = java.util.Arrays.copyOf(starts, groups * 2);
        ends = java.util.Arrays.copyOf(ends, groups * 2);
      }
      starts[groups] = start;
      ends[groups] = end;
      groups++;
      digits += end - start;
      return end;
    }

    private boolean isGap(int from, int to) {
      if (to - from > MAX_GAP || to == from) {
        return false;
      }
      for (int i = from; i < to; i++) {
        char c = value.charAt(i);
        // A tab is a table's.
        boolean gap = Text.isSeparator(c) || c == '(' || c == ')' || c == '_' || c == '\r';
        if (!gap || c == '\t') {
          return false;
        }
      }
      return true;
    }

    private void word(int start, int end, boolean digit) {
      for (NamedShape shape : shapesByFirst.get(value.charAt(start))) {
        if (!found.contains(shape.name) && shape.shape.matchesAt(value, start)) {
          found.add(shape.name);
        }
      }
      if (digit || (end - start <= LONGEST_CODE_PREFIX && digitSoon(end))) {
        for (CodeDetector code : codes) {
          if (!found.contains(code.name()) && code.matchesAt(text, start)) {
            found.add(code.name());
          }
        }
      }
    }

    /// Whether a digit is among the next few characters, as in a code that is written in groups.
    private boolean digitSoon(int end) {
      if (!Text.isSeparator(text.at(end))) {
        return false;
      }
      for (int i = end + 1; i <= end + 5; i++) {
        if (Text.isDigit(text.at(i))) {
          return true;
        }
      }
      return false;
    }

    /// Asks about each number that neighbouring groups of the chain make; begins another chain.
    private void chain() {
      if (digits >= fewestDigits) {
        for (int first = 0; first < groups; first++) {
          windowsFrom(first);
        }
        limit.run();
      }
      groups = 0;
      digits = 0;
    }

    private void windowsFrom(int first) {
      int start = starts[first];
      boolean gluedBefore = start > 0 && isLetterAt(start - 1);
      window.count = 0;
      window.groups = 0;
      window.separator = 0;
      window.uniformSeparator = true;
      window.start = start;
      for (int last = first; last < groups; last++) {
        int size = ends[last] - starts[last];
        if (window.count + size > NumberWindow.MAX_DIGITS
            || window.groups == NumberWindow.MAX_GROUPS) {
          return;
        }
        if (last > first) {
          separator(ends[last - 1], starts[last]);
        }
        for (int i = starts[last]; i < ends[last]; i++) {
          window.digits[window.count++] = (byte) (value.charAt(i) - '0');
        }
        window.sizes[window.groups++] = size;
        window.end = ends[last];
        window.wholeChain = first == 0 && last == groups - 1;
        boolean glued = gluedBefore || isLetterAt(ends[last]);
        if (window.count >= fewestDigits
            && !(glued && (last > first || size < LEAST_GLUED))
            && !(last == first && isFraction())) {
          ask();
        }
      }
    }

    private boolean isLetterAt(int index) {
      return Text.isLetter(text.at(index));
    }

    private void separator(int from, int to) {
      char separator = value.charAt(from);
      for (int i = from; i < to; i++) {
        if (value.charAt(i) > ' ') {
          separator = value.charAt(i);
        }
      }
      if (separator < ' ') {
        separator = ' ';
      }
      if (window.separator == 0) {
        window.separator = separator;
      } else if (window.separator != separator) {
        window.uniformSeparator = false;
      }
    }

    /// Digits behind or before a decimal point.
    private boolean isFraction() {
      return (text.at(window.start - 1) == '.' && Text.isDigit(text.at(window.start - 2)))
          || (text.at(window.end) == '.' && Text.isDigit(text.at(window.end + 1)));
    }

    private void ask() {
      for (NumberDetector detector : numbersByCount.get(window.count)) {
        if (!found.contains(detector.name()) && detector.matches(window)) {
          found.add(detector.name());
        }
      }
    }
  }

  /// What a text holds, for tests and the command line.
  Set<String> scan(String text) {
    Set<String> found = new HashSet<>();
    scan(new Text(Normaliser.normalise(text)), found, () -> {});
    return found;
  }
}
