package ringfence.node.tokenizer;

import java.util.Arrays;
import java.util.List;

/// Byte-level BPE (Sennrich et al. 2016; Radford et al. 2019): text is cut into words, a word's
/// bytes are its first tokens, and the pair of neighbours that ranks first merges until none does.
final class BytePairTokenizer extends VocabularyTokenizer {

  private final PreTokenizer preTokenizer;
  private final MergeTable merges;
  private final int[] byteTokens = new int[256];

  /// @throws VocabularyException for merges of tokens that aren't there, or an unknown
  ///   pre-tokenizer
  BytePairTokenizer(Vocabulary vocabulary) {
    this(vocabulary, PreTokenizer.named(vocabulary.preTokenizer()));
  }

  private BytePairTokenizer(Vocabulary vocabulary, PreTokenizer preTokenizer) {
    super(vocabulary, preTokenizer.addBeginning());
    this.preTokenizer = preTokenizer;
    if (vocabulary.merges().isEmpty()) {
      throw new VocabularyException(Vocabulary.MERGES, "is missing or empty");
    }
    merges = merges(vocabulary.merges());
    for (int b = 0; b < 256; b++) {
      byteTokens[b] = texts.find(new byte[] {(byte) b}, 0, 1);
    }
  }

  private MergeTable merges(List<String> lines) {
    MergeTable table = new MergeTable(lines.size());
    byte[] both = new byte[1024];
    for (int rank = 0; rank < lines.size(); rank++) {
      String line = lines.get(rank);
      int space = line.indexOf(' ', 1);
      if (space < 0) {
        throw new VocabularyException(Vocabulary.MERGES, "entry " + rank + " has no space");
      }
      int middle = ByteAlphabet.decode(line, 0, space, both, 0);
      int end = middle < 0 ? -1 : ByteAlphabet.decode(line, space + 1, line.length(), both, middle);
      if (end < 0) {
        throw new VocabularyException(
            Vocabulary.MERGES, "entry " + rank + " is not spelled in the byte alphabet");
      }
      table.put(
          token(both, 0, middle, rank),
          token(both, middle, end, rank),
          rank,
          token(both, 0, end, rank));
    }
    return table;
  }

  private int token(byte[] text, int from, int to, int rank) {
    int token = texts.find(text, from, to);
    if (token < 0) {
      throw new VocabularyException(
          Vocabulary.MERGES,
          "entry "
              + rank
              + " needs '"
              + ByteAlphabet.encode(Arrays.copyOfRange(text, from, to))
              + "', which is no normal token of "
              + Vocabulary.TOKENS);
    }
    return token;
  }

  @Override
  byte[] textOf(String spelling) {
    return ByteAlphabet.decode(spelling);
  }

  @Override
  boolean mergesIntoUserDefined() {
    return true;
  }

  @Override
  String spellingOf(byte[] text) {
    return ByteAlphabet.encode(text);
  }

  @Override
  void encode(Utf8Text text, int from, int to, boolean fresh, TokenList tokens) {
    WordMerger word = new WordMerger(merges);
    preTokenizer.split(
        text, from, to, (start, end) -> encodeWord(text.bytes(), start, end, word, tokens));
  }

  private void encodeWord(byte[] text, int from, int to, WordMerger word, TokenList tokens) {
    if (preTokenizer.wholeWords()) {
      int token = texts.find(text, from, to);
      if (token >= 0) {
        tokens.add(token);
        return;
      }
    }
    word.clear();
    for (int at = from; at < to; at++) {
      int token = byteTokens[text[at] & 0xff];
      if (token >= 0) { // vocabularies may lack control characters: dropped, as elsewhere
        word.add(token);
      }
    }
    int count = word.merge();
    for (int i = 0; i < count; i++) {
      tokens.add(word.token(i));
    }
  }
}
