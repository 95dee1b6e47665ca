package ringfence.node.template;

import java.util.Arrays;

/// Puts marked text together, within the budget.
final class TextBuilder {
  private final Budget budget;
  private final StringBuilder chars = new StringBuilder();
  private int[] flips = new int[4];
  private int flipCount;
  private boolean startsTrusted = true;
  private boolean lastTrusted = true;

  TextBuilder(Budget budget) {
    this.budget = budget;
  }

  /// Counts nesting of what is being written.
  void enter() {
    budget.enter();
  }

  void leave() {
    budget.leave();
  }

  int length() {
    return chars.length();
  }

  TextBuilder append(CharSequence source, int from, int to, boolean trusted) {
    if (from >= to) {
      return this;
    }
    budget.spendText(to - from);
    if ((long) chars.length() + to - from > budget.textChars()) {
      budget.spendText((long) chars.length() + to - from);
    }
    if (chars.isEmpty()) {
      startsTrusted = trusted;
    } else if (trusted != lastTrusted) {
      if (flipCount == flips.length) {
        flips = Arrays.copyOf(flips, 2 * flipCount);
      }
      flips[flipCount++] = chars.length();
    }
    lastTrusted = trusted;
    chars.append(source, from, to);
    return this;
  }

  TextBuilder append(String text, boolean trusted) {
    return append(text, 0, text.length(), trusted);
  }

  TextBuilder append(Text text) {
    String source = text.chars();
    text.forEachRun((from, to, trusted) -> append(source, from, to, trusted));
    return this;
  }

  /// Part of a text, with its marks.
  TextBuilder append(Text text, int from, int to) {
    return append(text.substring(from, to));
  }

  Text toText() {
    return chars.isEmpty()
        ? Text.EMPTY
        : new Text(chars.toString(), startsTrusted, Arrays.copyOf(flips, flipCount));
  }
}
