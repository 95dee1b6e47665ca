package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.ALL;
import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_NUMBER;
import static ringfence.node.tokenizer.Categories.IN_SPACE;

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
    int start = text.is(' ', from, to) && !text.in(IN_SPACE, from + 1, to) ? from + 1 : from;
    if (start == to || text.in(IN_SPACE, start)) {
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
    if (!text.is('\'', from, to) || from + 1 == to) {
      return from;
    }
    int first = ascii(text, from + 1, to, anyCase);
    if (anyCase && first == 0xc5 && ascii(text, from + 2, to, false) == 0xbf) {
      return from + 3;
    }
    int second = ascii(text, from + 2, to, anyCase);
    return switch (first) {
      case 's', 't', 'm', 'd' -> from + 2;
      case 'r', 'v' -> second == 'e' ? from + 3 : from;
      case 'l' -> second == 'l' ? from + 3 : from;
      default -> from;
    };
  }

  private static int ascii(Utf8Text text, int at, int to, boolean anyCase) {
    int b = at < to ? text.bytes()[at] & 0xff : -1;
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

  /// Each run of a set's characters is a piece, and so is what lies between them.
  static Splitter runs(int set) {
    return (text, from, to) -> text.run(text.in(set, from) ? set : ~set, from, to);
  }

  /// As [#runs], but of at most so many characters.
  static Splitter runs(int set, int count) {
    return (text, from, to) ->
        text.in(set, from) ? text.run(set, from, to, count) : text.run(~set, from, to);
  }

  /// Runs of characters that a test on code points finds, and what lies between them.
  static Splitter runs(java.util.function.IntPredicate set) {
    return (text, from, to) -> {
      boolean inside = set.test(text.codePoint(from));
      int at = text.next(from);
      while (at < to && set.test(text.codePoint(at)) == inside) {
        at = text.next(at);
      }
      return at;
    };
  }
}
