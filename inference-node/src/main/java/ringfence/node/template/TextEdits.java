package ringfence.node.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Changes to text that keep each character's mark.
final class TextEdits {
  private TextEdits() {}

  /// Python's `strip` family.
  ///
  /// @param chars what to strip, null for whitespace
  static Text strip(Text text, @Nullable Text chars, boolean left, boolean right) {
    IntPredicate strips = chars == null ? PythonChars::isSpace : c -> chars.chars().indexOf(c) >= 0;
    String source = text.chars();
    int from = 0;
    int to = source.length();
    while (left && from < to && strips.test(source.codePointAt(from))) {
      from += Character.charCount(source.codePointAt(from));
    }
    while (right && to > from && strips.test(source.codePointBefore(to))) {
      to -= Character.charCount(source.codePointBefore(to));
    }
    return text.substring(from, to);
  }

  /// @param count at most so many from the left, negative for all
  static Text replace(Text text, Text old, Text replacement, int count, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    String source = text.chars();
    int left = count < 0 ? Integer.MAX_VALUE : count;
    int from = 0;
    if (old.isEmpty()) {
      while (left-- > 0) {
        budget.spend(1);
        out.append(replacement);
        if (from >= source.length()) {
          return out.toText();
        }
        int end = from + Character.charCount(source.codePointAt(from));
        out.append(text, from, end);
        from = end;
      }
      return out.append(text, from, source.length()).toText();
    }
    budget.spend(source.length() / TemplateLimits.CHARS_PER_STEP);
    for (int hit = source.indexOf(old.chars()); hit >= 0 && left-- > 0; ) {
      budget.spend(1);
      out.append(text, from, hit).append(replacement);
      from = hit + old.length();
      hit = source.indexOf(old.chars(), from);
    }
    return from == 0 ? text : out.append(text, from, source.length()).toText();
  }

  static Text upper(Text text, Budget budget) {
    return mapRuns(text, run -> run.toUpperCase(Locale.ROOT), budget);
  }

  static Text lower(Text text, Budget budget) {
    return mapRuns(text, run -> run.toLowerCase(Locale.ROOT), budget);
  }

  /// First character upper, all others lower.
  static Text capitalize(Text text, Budget budget) {
    if (text.isEmpty()) {
      return text;
    }
    int first = Character.charCount(text.chars().codePointAt(0));
    return new TextBuilder(budget)
        .append(titled(text.substring(0, first), budget))
        .append(lower(text.substring(first), budget))
        .toText();
  }

  static Text swapCase(Text text, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    String source = text.chars();
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int end = i + Character.charCount(c);
      Text character = text.substring(i, end);
      out.append(Character.isUpperCase(c) ? lower(character, budget) : upper(character, budget));
      i = end;
    }
    return out.toText();
  }

  private static Text titled(Text character, Budget budget) {
    int c = character.chars().codePointAt(0);
    int title = Character.toTitleCase(c);
    return title == c
        ? upper(character, budget)
        : Text.of(Character.toString(title), character.trustedAt(0));
  }

  /// Python's `str.title`: each run of letters is a word.
  static Text title(Text text, Budget budget) {
    return title(text, c -> !Character.isLetter(c), budget);
  }

  /// The `title` filter: words are cut at spaces, dashes and opening brackets only.
  static Text titleFilter(Text text, Budget budget) {
    return title(text, c -> PythonChars.isSpace(c) || "-({[<".indexOf(c) >= 0, budget);
  }

  private static Text title(Text text, IntPredicate separates, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    String source = text.chars();
    boolean starts = true;
    for (int i = 0; i < source.length(); ) {
      int c = source.codePointAt(i);
      int end = i + Character.charCount(c);
      Text character = text.substring(i, end);
      boolean separator = separates.test(c);
      out.append(
          separator ? character : starts ? titled(character, budget) : lower(character, budget));
      starts = separator;
      i = end;
    }
    return out.toText();
  }

  private interface RunMapping {
    String map(String run);
  }

  /// Maps run by run, so that a mapping which changes lengths cannot shift marks.
  private static Text mapRuns(Text text, RunMapping mapping, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    text.forEachRun(
        (from, to, trusted) -> out.append(mapping.map(text.chars().substring(from, to)), trusted));
    return out.toText();
  }

  static Text reverse(Text text, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    String source = text.chars();
    for (int end = source.length(); end > 0; ) {
      int from = end - Character.charCount(source.codePointBefore(end));
      out.append(text, from, end);
      end = from;
    }
    return out.toText();
  }

  /// Puts text between the printed values.
  static Text join(Text separator, List<Value> values, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    for (int i = 0; i < values.size(); i++) {
      if (i > 0) {
        out.append(separator);
      }
      PythonText.write(values.get(i), out);
    }
    return out.toText();
  }

  /// The `indent` filter.
  ///
  /// @param first indent the first line too
  /// @param blank indent empty lines too
  static Text indent(Text text, Text indent, boolean first, boolean blank, Budget budget) {
    TextBuilder out = new TextBuilder(budget);
    Text whole = new TextBuilder(budget).append(text).append("\n", true).toText();
    List<Text> lines = TextSplits.lines(whole, false);
    for (int i = 0; i < lines.size(); i++) {
      if (i > 0) {
        out.append("\n", true);
      }
      if (i == 0 ? first : blank || !lines.get(i).isEmpty()) {
        out.append(indent);
      }
      out.append(lines.get(i));
    }
    return out.toText();
  }

  /// Fills up to a width in characters.
  ///
  /// @param left share of the padding on the left: 0 none, 1 half, 2 all
  static Text pad(Text text, int width, Text fill, int left, Budget budget) {
    int missing = width - Sequences.length(text);
    if (missing <= 0) {
      return text;
    }
    budget.spendText(missing);
    int before =
        switch (left) {
          case 0 -> 0;
          case 1 -> missing / 2 + (missing & width & 1);
          default -> missing;
        };
    TextBuilder out = new TextBuilder(budget);
    for (int i = 0; i < before; i++) {
      out.append(fill);
    }
    out.append(text);
    for (int i = before; i < missing; i++) {
      out.append(fill);
    }
    return out.toText();
  }

  /// The `escape` filter: HTML's special characters as entities.
  static Text escape(Text text, Budget budget) {
    Text escaped = text;
    List<String[]> entities = new ArrayList<>();
    entities.add(new String[] {"&", "&amp;"});
    entities.add(new String[] {"<", "&lt;"});
    entities.add(new String[] {">", "&gt;"});
    entities.add(new String[] {"'", "&#39;"});
    entities.add(new String[] {"\"", "&#34;"});
    for (String[] entity : entities) {
      // Entities count as outside text, whoever wrote the character.
      escaped = replace(escaped, Text.trusted(entity[0]), Text.outside(entity[1]), -1, budget);
    }
    return escaped;
  }
}
