package ringfence.router.policy.detector;

/// Neighbouring groups of digits, read as one number. Reused from window to window.
public final class NumberWindow {
  /// The longest number that anything looks for.
  public static final int MAX_DIGITS = 19;

  static final int MAX_GROUPS = MAX_DIGITS;

  final byte[] digits = new byte[MAX_DIGITS];
  final int[] sizes = new int[MAX_GROUPS];
  Text text = Text.EMPTY;
  int count;
  int groups;
  int start;
  int end;
  char separator;
  boolean uniformSeparator;
  boolean wholeChain;

  NumberWindow() {}

  /// How many digits it has.
  public int count() {
    return count;
  }

  /// The value of the digit at that index.
  public int digit(int index) {
    return digits[index];
  }

  /// The number that so many digits from there make; at most 18.
  public long value(int from, int digitCount) {
    long value = 0;
    for (int i = from; i < from + digitCount; i++) {
      value = value * 10 + digits[i];
    }
    return value;
  }

  /// Whether it is written in one run.
  public boolean isOneRun() {
    return groups == 1;
  }

  /// Whether its groups have these sizes, all with the same separator between them.
  public boolean isGrouped(int... expected) {
    if (groups != expected.length || !uniformSeparator) {
      return false;
    }
    for (int i = 0; i < groups; i++) {
      if (sizes[i] != expected[i]) {
        return false;
      }
    }
    return true;
  }

  /// Whether its groups are of one size, the last perhaps shorter, with the same separator. Groups
  /// of one or two digits must have no others beside them: else any table of numbers would be one.
  public boolean isGroupedEvenly() {
    if (groups < 2 || !uniformSeparator) {
      return false;
    }
    for (int i = 1; i < groups - 1; i++) {
      if (sizes[i] != sizes[0]) {
        return false;
      }
    }
    return sizes[groups - 1] <= sizes[0] && (sizes[0] > 2 || wholeChain);
  }

  /// Whether no further digits stand beside it.
  public boolean isAlone() {
    return wholeChain;
  }

  /// What stands between the groups; 0 in one run.
  public char separator() {
    return separator;
  }

  /// Whether one of the words, in lower case, stands close before it or right after it.
  public boolean isNear(Keywords words) {
    return words.near(text, start, end);
  }

  /// Whether that character stands right before it.
  public boolean follows(char c) {
    return start > 0 && text.value().charAt(start - 1) == c;
  }
}
