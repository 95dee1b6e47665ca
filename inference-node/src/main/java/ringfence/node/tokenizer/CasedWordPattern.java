package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.ALL;
import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_LOWER;
import static ringfence.node.tokenizer.Categories.IN_MARK;
import static ringfence.node.tokenizer.Categories.IN_NUMBER;
import static ringfence.node.tokenizer.Categories.IN_SPACE;
import static ringfence.node.tokenizer.Categories.IN_UNCASED;
import static ringfence.node.tokenizer.Categories.IN_UPPER;

/// The family of patterns that came with `o200k_base`, which cut where case changes. With `U` for
/// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`, `L` for `[\p{Ll}\p{Lm}\p{Lo}\p{M}]` and `C` for
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`: `[^\r\n\p{L}\p{N}]?U*L+C|[^\r\n\p{L}\p{N}]?U+L*C|\p{N}{1,3}|
/// ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
///
/// @param contractions whether `C` is there
/// @param digits the most numbers in a piece
record CasedWordPattern(boolean contractions, int digits) implements Splitter {

  private static final int UPPER = IN_UPPER | IN_UNCASED | IN_MARK;
  private static final int LOWER = IN_LOWER | IN_UNCASED | IN_MARK;
  private static final int PREFIX = ALL & ~(IN_LINE_END | IN_LETTER | IN_NUMBER);
  private static final int SYMBOLS = ALL & ~(IN_SPACE | IN_LETTER | IN_NUMBER);

  @Override
  public int end(Utf8Text text, int from, int to) {
    int end = word(text, from, to);
    if (end > from) {
      return contractions ? SplitPatterns.contraction(text, end, to, true) : end;
    }
    if (text.in(IN_NUMBER, from)) {
      return text.run(IN_NUMBER, from, to, digits);
    }
    int start = text.is(' ', from, to) ? from + 1 : from;
    if (text.in(SYMBOLS, start, to)) {
      end = text.run(SYMBOLS, start, to);
      while (text.in(IN_LINE_END, end, to) || text.is('/', end, to)) {
        end++;
      }
      return end;
    }
    return SplitPatterns.lineEndsOrSpace(text, from, to);
  }

  /// The first two alternatives, each with its prefix and then without.
  private static int word(Utf8Text text, int from, int to) {
    int next = text.in(PREFIX, from) ? text.next(from) : from;
    int end = lowerWord(text, next, to);
    if (end == next && next > from) {
      end = lowerWord(text, from, to);
      next = end == from ? next : from;
    }
    if (end > next) {
      return end;
    }
    end = text.run(UPPER, next, to);
    if (end > next) {
      return text.run(LOWER, end, to);
    }
    end = text.run(UPPER, from, to);
    return end > from ? text.run(LOWER, end, to) : from;
  }

  /// `U*L+`, or `from`: where nothing lower follows the upper ones, the last of these that is both
  /// ends the match.
  private static int lowerWord(Utf8Text text, int from, int to) {
    int upper = text.run(UPPER, from, to);
    int end = text.run(LOWER, upper, to);
    if (end > upper) {
      return end;
    }
    while (end > from && !text.in(LOWER, end - 1)) {
      end--;
    }
    return end;
  }
}
