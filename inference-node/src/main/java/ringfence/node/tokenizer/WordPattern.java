package ringfence.node.tokenizer;

import static ringfence.node.tokenizer.Categories.ALL;
import static ringfence.node.tokenizer.Categories.IN_LETTER;
import static ringfence.node.tokenizer.Categories.IN_LINE_END;
import static ringfence.node.tokenizer.Categories.IN_NUMBER;
import static ringfence.node.tokenizer.Categories.IN_SPACE;

/// The family of patterns that came with `cl100k_base`:
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
/// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`.
///
/// @param contractions whether the first alternative is there
/// @param letters `\p{L}`, or more
/// @param digits the most numbers in a piece
/// @param lineEndsAfterSymbols whether `[\r\n]*` is there
record WordPattern(boolean contractions, int letters, int digits, boolean lineEndsAfterSymbols)
    implements Splitter {

  static final WordPattern LLAMA3 = new WordPattern(true, IN_LETTER, 3, true);
  static final WordPattern QWEN2 = new WordPattern(true, IN_LETTER, 1, true);

  @Override
  public int end(Utf8Text text, int from, int to) {
    int end = contractions ? SplitPatterns.contraction(text, from, to, true) : from;
    if (end > from) {
      return end;
    }
    if (text.in(letters, from)) {
      return text.run(letters, from, to);
    }
    if (text.in(IN_NUMBER, from)) {
      return text.run(IN_NUMBER, from, to, digits);
    }
    if (!text.in(IN_LINE_END, from)) {
      int next = text.next(from);
      if (text.in(letters, next, to)) {
        return text.run(letters, next, to);
      }
    }
    int symbols = ALL & ~(IN_SPACE | letters | IN_NUMBER);
    int start = text.is(' ', from, to) ? from + 1 : from;
    if (text.in(symbols, start, to)) {
      end = text.run(symbols, start, to);
      return lineEndsAfterSymbols ? text.run(IN_LINE_END, end, to) : end;
    }
    return SplitPatterns.lineEndsOrSpace(text, from, to);
  }
}
