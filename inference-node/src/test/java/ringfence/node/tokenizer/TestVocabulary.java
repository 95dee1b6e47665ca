package ringfence.node.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// Builds small vocabularies.
final class TestVocabulary {

  private final String model;
  private final List<String> spellings = new ArrayList<>();
  private final List<TokenKind> kinds = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<String> merges = new ArrayList<>();
  private Vocabulary.SpecialIds special = Vocabulary.SpecialIds.NONE;
  private Vocabulary.Rules rules = Vocabulary.Rules.UNSAID;
  private String preTokenizer = "gpt-2";

  private TestVocabulary(String model) {
    this.model = model;
  }

  /// All bytes and nothing else; token ids are the bytes.
  static TestVocabulary bytePairs() {
    TestVocabulary vocabulary = new TestVocabulary("gpt2");
    for (int b = 0; b < 256; b++) {
      vocabulary.token(ByteAlphabet.encode(new byte[] {(byte) b}), TokenKind.NORMAL);
    }
    return vocabulary;
  }

  /// `<unk>`, `<s>`, `</s>`, then bytes from 3.
  static TestVocabulary sentencePiece() {
    TestVocabulary vocabulary = new TestVocabulary("llama");
    vocabulary.token("<unk>", TokenKind.UNKNOWN);
    vocabulary.token("<s>", TokenKind.CONTROL);
    vocabulary.token("</s>", TokenKind.CONTROL);
    for (int b = 0; b < 256; b++) {
      vocabulary.token(String.format("<0x%02X>", b), TokenKind.BYTE);
    }
    return vocabulary.special(1, 2, -1, -1, 0);
  }

  TestVocabulary token(String spelling, TokenKind kind) {
    return token(spelling, kind, 0);
  }

  TestVocabulary token(String spelling, TokenKind kind, float score) {
    spellings.add(spelling);
    kinds.add(kind);
    scores.add(score);
    return this;
  }

  /// Pieces of text, the best first.
  TestVocabulary pieces(String... pieces) {
    for (String piece : pieces) {
      token(piece, TokenKind.NORMAL, -spellings.size());
    }
    return this;
  }

  /// Merges, each of which makes a token unless it is one already.
  TestVocabulary merges(String... lines) {
    for (String line : lines) {
      merges.add(line);
      String result = line.replace(" ", "");
      if (!spellings.contains(result)) {
        token(result, TokenKind.NORMAL);
      }
    }
    return this;
  }

  /// A merge of tokens that need not be there.
  TestVocabulary bareMerge(String line) {
    merges.add(line);
    return this;
  }

  TestVocabulary special(int bos, int eos, int eot, int eom, int unknown) {
    special = new Vocabulary.SpecialIds(bos, eos, eot, eom, unknown);
    return this;
  }

  TestVocabulary rules(Vocabulary.Rules rules) {
    this.rules = rules;
    return this;
  }

  TestVocabulary preTokenizer(String name) {
    preTokenizer = name;
    return this;
  }

  int id(String spelling) {
    return spellings.indexOf(spelling);
  }

  Vocabulary vocabulary() {
    float[] array = new float[scores.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = scores.get(i);
    }
    return new Vocabulary(model, preTokenizer, spellings, kinds, array, merges, special, rules);
  }

  Tokenizer tokenizer() {
    return Tokenizers.of(vocabulary());
  }
}
