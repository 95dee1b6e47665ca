package ringfence.node.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// SentencePiece's BPE (Kudo and Richardson 2018): characters are the first tokens, and the pair of
/// neighbours merges whose token has the highest score, until none does. What then isn't in the
/// vocabulary is spelled in bytes.
///
/// Spellings have U+2581 for a space; in here both are a space.
final class SentencePieceTokenizer extends VocabularyTokenizer {

  private static final char SPACE = '\u2581';
  private static final byte[] SPACE_BYTES = {(byte) 0xe2, (byte) 0x96, (byte) 0x81};

  private final MergeTable merges;
  private final int[] byteTokens = new int[256];
  private final boolean addSpacePrefix;
  private final boolean spaceBeginsWords;

  SentencePieceTokenizer(Vocabulary vocabulary) {
    super(vocabulary, true);
    Boolean says = vocabulary.rules().addSpacePrefix();
    addSpacePrefix = says == null || says;
    if (vocabulary.scores().length == 0) {
      throw new VocabularyException(Vocabulary.SCORES, "is missing or empty");
    }
    Arrays.fill(byteTokens, unknown());
    boolean begins = true;
    for (int id = 0; id < size(); id++) {
      if (vocabulary.kinds().get(id) == TokenKind.BYTE) {
        byteTokens[bytes(id)[0] & 0xff] = id;
      } else if (vocabulary.kinds().get(id) == TokenKind.NORMAL) {
        begins &= !spaceInside(id);
      }
    }
    spaceBeginsWords = begins;
    merges = merges(vocabulary.scores());
  }

  /// A token's rank is the place of its score among all: each way to make it of two tokens merges
  /// with that.
  private MergeTable merges(float[] scores) {
    float[] sorted = scores.clone();
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = -sorted[i] + 0f; // the best first; and no -0
    }
    float[] keys = sorted.clone();
    Arrays.sort(sorted);
    int distinct = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        sorted[distinct++] = sorted[i];
      }
    }
    MergeTable table = new MergeTable(2 * scores.length);
    for (int id = 0; id < scores.length; id++) {
      int length = texts.length(id);
      if (length < 2 || texts.findPart(id, 0, length) != id) {
        continue;
      }
      int rank = Arrays.binarySearch(sorted, 0, distinct, keys[id]);
      int at = Utf8Text.charLength(texts.at(id, 0));
      while (at < length) {
        int left = texts.findPart(id, 0, at);
        int right = left < 0 ? -1 : texts.findPart(id, at, length);
        if (right >= 0) {
          table.put(left, right, rank, id);
        }
        at += Utf8Text.charLength(texts.at(id, at));
      }
    }
    return table;
  }

  private boolean spaceInside(int id) {
    for (int i = 1; i < texts.length(id); i++) {
      if (texts.at(id, i) == ' ' && texts.at(id, i - 1) != ' ') {
        return true;
      }
    }
    return false;
  }

  @Override
  byte[] textOf(String spelling) {
    return spelling.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
  }

  @Override
  boolean mergesIntoUserDefined() {
    return false;
  }

  @Override
  String spellingOf(byte[] text) {
    return new String(text, StandardCharsets.UTF_8).replace(' ', SPACE);
  }

  @Override
  void encode(Utf8Text text, int from, int to, boolean fresh, TokenList tokens) {
    byte[] spaced = new byte[to - from + 1];
    int length = 0;
    if (fresh && addSpacePrefix) {
      spaced[length++] = ' ';
    }
    byte[] bytes = text.bytes();
    for (int at = from; at < to; at++) {
      if (bytes[at] == SPACE_BYTES[0]
          && at + 3 <= to
          && Arrays.equals(bytes, at, at + 3, SPACE_BYTES, 0, 3)) {
        spaced[length++] = ' ';
        at += 2;
      } else {
        spaced[length++] = bytes[at];
      }
    }
    WordMerger word = new WordMerger(merges);
    int start = 0;
    while (start < length) {
      int end = spaceBeginsWords ? wordEnd(spaced, start, length) : length;
      encodeWord(spaced, start, end, word, tokens);
      start = end;
    }
  }

  /// Where no token has a space behind another character, no merge goes over such a place.
  private static int wordEnd(byte[] text, int from, int to) {
    int at = from;
    while (at < to && text[at] == ' ') {
      at++;
    }
    while (at < to && text[at] != ' ') {
      at++;
    }
    return at;
  }

  private void encodeWord(byte[] text, int from, int to, WordMerger word, TokenList tokens) {
    word.clear();
    int end;
    for (int at = from; at < to; at = end) {
      end = at + Utf8Text.charLength(text[at]);
      int token = texts.find(text, at, end);
      word.add(token < 0 ? WordMerger.NO_TOKEN : token);
    }
    int count = word.merge();
    int at = from;
    for (int i = 0; i < count; i++) {
      int token = word.token(i);
      if (token != WordMerger.NO_TOKEN) {
        tokens.add(token);
        at += texts.length(token);
        continue;
      }
      end = at + Utf8Text.charLength(text[at]);
      addBytes(text, at, end, tokens);
      at = end;
    }
  }

  private void addBytes(byte[] text, int from, int to, TokenList tokens) {
    for (int at = from; at < to; at++) {
      int token = byteTokens[text[at] & 0xff];
      if (token == unknown()) {
        if (token >= 0) {
          tokens.add(token);
        }
        return; // one for the character
      }
      tokens.add(token);
    }
  }
}
