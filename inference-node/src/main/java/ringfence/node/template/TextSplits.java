package ringfence.node.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Cuts of text into parts that keep each character's mark.
final class TextSplits {
  private TextSplits() {}

  /// Python's `split` with a separator.
  ///
  /// @param limit at most so many cuts, negative for any number
  /// @param fromRight count the cuts from the right
  static List<Value> at(Text text, Text separator, int limit, boolean fromRight, Budget budget) {
    if (separator.isEmpty()) {
      throw RenderFailure.failed("cannot split at an empty string");
    }
    String source = text.chars();
    String cut = separator.chars();
    budget.spend(source.length() / TemplateLimits.CHARS_PER_STEP);
    int left = limit < 0 ? Integer.MAX_VALUE : limit;
    List<Value> parts = new ArrayList<>();
    if (fromRight) {
      int end = source.length();
      for (int hit = lastBefore(source, cut, end); hit >= 0 && left-- > 0; ) {
        budget.spend(1);
        parts.add(text.substring(hit + cut.length(), end));
        end = hit;
        hit = lastBefore(source, cut, end);
      }
      parts.add(text.substring(0, end));
      Collections.reverse(parts);
      return parts;
    }
    int from = 0;
    for (int hit = source.indexOf(cut); hit >= 0 && left-- > 0; ) {
      budget.spend(1);
      parts.add(text.substring(from, hit));
      from = hit + cut.length();
      hit = source.indexOf(cut, from);
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static int lastBefore(String source, String cut, int end) {
    return end < cut.length() ? -1 : source.lastIndexOf(cut, end - cut.length());
  }

  /// Python's `split` without a separator: at runs of whitespace, no empty parts.
  static List<Value> atSpaces(Text text, int limit, boolean fromRight, Budget budget) {
    String source = text.chars();
    budget.spend(source.length() / TemplateLimits.CHARS_PER_STEP);
    List<Value> parts = new ArrayList<>();
    int from = skip(source, 0, true);
    int to = skipBack(source, source.length(), true);
    for (int left = limit < 0 ? Integer.MAX_VALUE : limit; from < to; left--) {
      budget.spend(1);
      if (left == 0) {
        parts.add(text.substring(from, to));
        break;
      }
      if (fromRight) {
        int wordStart = skipBack(source, to, false);
        parts.add(text.substring(wordStart, to));
        to = skipBack(source, wordStart, true);
      } else {
        int wordEnd = skip(source, from, false);
        parts.add(text.substring(from, wordEnd));
        from = skip(source, wordEnd, true);
      }
    }
    if (fromRight) {
      Collections.reverse(parts);
    }
    return parts;
  }

  private static int skip(String source, int from, boolean spaces) {
    int i = from;
    while (i < source.length() && PythonChars.isSpace(source.charAt(i)) == spaces) {
      i++;
    }
    return i;
  }

  private static int skipBack(String source, int from, boolean spaces) {
    int i = from;
    while (i > 0 && PythonChars.isSpace(source.charAt(i - 1)) == spaces) {
      i--;
    }
    return i;
  }

  /// Python's `splitlines`.
  static List<Text> lines(Text text, boolean keepEnds) {
    String source = text.chars();
    List<Text> lines = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < source.length(); i++) {
      if (PythonChars.isLineEnd(source.charAt(i))) {
        int end = i;
        if (source.startsWith("\r\n", i)) {
          i++;
        }
        lines.add(text.substring(from, keepEnds ? i + 1 : end));
        from = i + 1;
      }
    }
    if (from < source.length()) {
      lines.add(text.substring(from));
    }
    return lines;
  }

  /// Python's `partition`: before, separator, after.
  static Value partition(Text text, Text separator, boolean fromRight) {
    if (separator.isEmpty()) {
      throw RenderFailure.failed("cannot partition at an empty string");
    }
    int hit =
        fromRight
            ? text.chars().lastIndexOf(separator.chars())
            : text.chars().indexOf(separator.chars());
    if (hit < 0) {
      return fromRight
          ? Value.Items.tuple(Text.EMPTY, Text.EMPTY, text)
          : Value.Items.tuple(text, Text.EMPTY, Text.EMPTY);
    }
    int after = hit + separator.length();
    return Value.Items.tuple(
        text.substring(0, hit), text.substring(hit, after), text.substring(after));
  }
}
