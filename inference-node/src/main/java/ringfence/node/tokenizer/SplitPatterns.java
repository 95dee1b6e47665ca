package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.ALL;
import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_NUMBER;
import static ringfence.node.tokenizer.Categories.IN_SPACE;

import java.util.function.IntPredicate;

/// What the patterns of byte-level BPE are made of.
final class SplitPatterns {

  private static final int NEITHER_SPACE_LETTER_NOR_NUMBER =
      ALL & ~(IN_SPACE | IN_LETTER | IN_NUMBER);

  private SplitPatterns() {}

  /// GPT-2's pattern: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
  static int gpt2(Utf8Text text, int from, int to) {
    int end = contraction(text, from, to, false);
    if (end > from) {
      return end;
    }
    int start = text.is(' ', from, to) && text.in(ALL & ~IN_SPACE, from + 1, to) ? from + 1 : from;
    if (text.in(IN_SPACE, start)) {
      return space(text, from, to);
    }
    int set =
        text.in(IN_LETTER, start)
            ? IN_LETTER
            : text.in(IN_NUMBER, start) ? IN_NUMBER : NEITHER_SPACE_LETTER_NOR_NUMBER;
    return text.run(set, start, to);
  }

  /// The end of `'s|'t|'re|'ve|'m|'ll|'d`, or `from`.
  ///
  /// @param anyCase `(?i:...)`, where `ſ` (U+017F) is an `s` too
  static int contraction(Utf8Text text, int from, int to, boolean anyCase) {
    if (!text.is('\'', from, to)) {
      return from;
    }
    int first = letter(text, from + 1, to, anyCase);
    if (anyCase && from + 2 < to && text.codePoint(from + 1) == 'ſ') {
      return from + 3;
    }
    int second = letter(text, from + 2, to, anyCase);
    return switch (first) {
      case 's', 't', 'm', 'd' -> from + 2;
      case 'r', 'v' -> second == 'e' ? from + 3 : from;
      case 'l' -> second == 'l' ? from + 3 : from;
      default -> from;
    };
  }

  private static int letter(Utf8Text text, int at, int to, boolean anyCase) {
    int b = at < to ? text.bytes()[at] : -1;
    return anyCase && b >= 'A' && b <= 'Z' ? b + 32 : b;
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`.
  static int lineEndsOrSpace(Utf8Text text, int from, int to) {
    int end = text.run(IN_SPACE, from, to);
    for (int at = end - 1; at >= from; at--) {
      if (text.in(IN_LINE_END, at)) {
        return at + 1;
      }
    }
    return allButLast(text, from, end, to);
  }

  /// `\s+(?!\S)|\s+`.
  static int space(Utf8Text text, int from, int to) {
    return allButLast(text, from, text.run(IN_SPACE, from, to), to);
  }

  /// The last space goes with the word behind it, where it isn't the only one.
  private static int allButLast(Utf8Text text, int from, int end, int to) {
    if (end == to) {
      return end;
    }
    int last = text.previous(end);
    return last > from ? last : end;
  }

  /// Matches of a pattern are pieces, and so is what lies between two of them.
  ///
  /// @param match where a match at a place ends, or that place; in constant time where there is
  ///   none
  static Splitter matches(Splitter match) {
    return (text, from, to) -> {
      int end = match.end(text, from, to);
      if (end > from) {
        return end;
      }
      int at = text.next(from);
      while (at < to && match.end(text, at, to) == at) {
        at = text.next(at);
      }
      return at;
    };
  }

  /// Runs of a set's characters.
  static Splitter runs(int set) {
    return (text, from, to) -> text.run(text.in(set, from) ? set : ~set, from, to);
  }

  /// Runs of a set's characters, of at most so many.
  static Splitter runs(int set, int count) {
    return (text, from, to) ->
        text.in(set, from) ? text.run(set, from, to, count) : text.run(~set, from, to);
  }

  /// Runs of some code points.
  static Splitter runs(CodePoints set) {
    return matches(set::run);
  }

  /// `\s?[...]+`: runs with the space before them.
  static Splitter spacedRuns(CodePoints set) {
    return matches((text, from, to) -> {
      int next = text.next(from);
      return text.in(IN_SPACE, from) && set.at(text, next, to)
          ? set.run(text, next, to)
          : set.run(text, from, to);
    });
  }

  /// `\s?[...]+`: runs with the space before them, of a set without space.
  static Splitter spacedRuns(int set) {
    return matches((text, from, to) -> {
      int next = text.next(from);
      return text.in(IN_SPACE, from) && text.in(set, next, to)
          ? text.run(set, next, to)
          : text.run(set, from, to);
    });
  }

  /// `\s+$`: the space at a text's end.
  static int trailingSpace(Utf8Text text, int from, int to) {
    int start = to;
    while (start > from && text.in(IN_SPACE, start - 1)) {
      start--;
    }
    return start > from ? start : to;
  }

  /// BLOOM's pattern: ` ?[...]+` of a set.
  static Splitter maybeSpaced(IntPredicate set) {
    return matches((text, from, to) -> {
      int start = text.is(' ', from, to) ? from + 1 : from;
      int at = start;
      while (at < to && set.test(text.codePoint(at))) {
        at = text.next(at);
      }
      return at > start ? at : from;
    });
  }
}
