package ringfence.node.tokenizer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A vocabulary made from a list of words instead of a model's file: byte-level BPE that knows
/// every byte, each word with a space before it and each beginning of such a word, and ChatML's two
/// control tokens.
///
/// Ids: bytes, then beginnings and words in the order of their making, then `<|im_start|>` and
/// `<|im_end|>`, which ends an answer.
public final class WordVocabulary {
  private static final int BYTES = 256;

  private WordVocabulary() {}

  /// The vocabulary of these words.
  public static Vocabulary of(List<String> words) {
    List<String> spellings = new ArrayList<>();
    for (int b = 0; b < BYTES; b++) {
      spellings.add(ByteAlphabet.encode(new byte[] {(byte) b}));
    }
    Set<String> merges = new LinkedHashSet<>();
    Set<String> pieces = new LinkedHashSet<>();
    for (String word : words) {
      String spelling = spelling(word);
      for (int end = 2; end <= spelling.length(); end++) {
        merges.add(spelling.substring(0, end - 1) + " " + spelling.substring(end - 1, end));
        pieces.add(spelling.substring(0, end));
      }
    }
    spellings.addAll(pieces);
    List<TokenKind> kinds =
        new ArrayList<>(Collections.nCopies(spellings.size(), TokenKind.NORMAL));
    int start = spellings.size();
    spellings.add("<|im_start|>");
    spellings.add("<|im_end|>");
    kinds.add(TokenKind.CONTROL);
    kinds.add(TokenKind.CONTROL);
    return new Vocabulary(
        "gpt2",
        "qwen2",
        spellings,
        kinds,
        new float[0],
        List.copyOf(merges),
        new Vocabulary.SpecialIds(-1, start + 1, start + 1, -1, -1),
        Vocabulary.Rules.UNSAID);
  }

  /// How the vocabulary spells a word with the space before it.
  public static String spelling(String word) {
    return ByteAlphabet.encode((" " + word).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }
}
