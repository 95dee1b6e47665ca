package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.ALL;
import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_MARK;
import static ringfence.node.tokenizer.Categories.IN_PUNCTUATION;
import static ringfence.node.tokenizer.Categories.IN_SPACE;
import static ringfence.node.tokenizer.Categories.IN_SYMBOL;

/// DeepSeek-V3's pattern, with `A` for ASCII's punctuation and symbols:
/// `A[A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
/// ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
///
/// What none of these matches goes together until one does.
final class SymbolWordPattern {

  private static final int LETTERS = IN_LETTER | IN_MARK;
  private static final int SYMBOLS = IN_PUNCTUATION | IN_SYMBOL;
  private static final int PREFIX = ALL & ~(IN_LINE_END | IN_LETTER | SYMBOLS);

  private SymbolWordPattern() {}

  static int match(Utf8Text text, int from, int to) {
    if (text.in(SYMBOLS, from) && text.bytes()[from] > 0 && asciiLetter(text, from + 1, to)) {
      int end = from + 2;
      while (asciiLetter(text, end, to)) {
        end++;
      }
      return end;
    }
    if (text.in(LETTERS, from)) {
      return text.run(LETTERS, from, to);
    }
    int next = text.next(from);
    if (text.in(PREFIX, from) && text.in(LETTERS, next, to)) {
      return text.run(LETTERS, next, to);
    }
    int start = text.is(' ', from, to) ? from + 1 : from;
    if (text.in(SYMBOLS, start, to)) {
      return text.run(IN_LINE_END, text.run(SYMBOLS, start, to), to);
    }
    return text.in(IN_SPACE, from) ? SplitPatterns.lineEndsOrSpace(text, from, to) : from;
  }

  private static boolean asciiLetter(Utf8Text text, int at, int to) {
    int b = at < to ? text.bytes()[at] | 0x20 : 0;
    return b >= 'a' && b <= 'z';
  }
}
