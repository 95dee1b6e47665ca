package ringfence.node.tokenizer;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import ringfence.node.gguf.Metadata;
import ringfence.node.gguf.MetadataArray;

/// Reads a [Vocabulary] out of a file's metadata; strings are read as they are asked for.
final class MetadataVocabulary {

  private static final String PREFIX = "tokenizer.ggml.";

  private MetadataVocabulary() {}

  static Vocabulary of(Metadata metadata) {
    String model = metadata.text(Vocabulary.MODEL);
    MetadataArray tokens = metadata.array(Vocabulary.TOKENS);
    MetadataArray merges = metadata.findArray(Vocabulary.MERGES);
    int size = tokens.size();
    return new Vocabulary(
        model,
        metadata.text(Vocabulary.PRE, ""),
        lazy(size, tokens::text),
        kinds(metadata.findArray(Vocabulary.KINDS), size),
        scores(metadata.findArray(Vocabulary.SCORES)),
        merges == null ? List.of() : lazy(merges.size(), merges::text),
        special(metadata, model, size),
        new Vocabulary.Rules(
            flag(metadata, "add_bos_token"),
            flag(metadata, "add_eos_token"),
            flag(metadata, "add_space_prefix"),
            stripsAfterSpecial(metadata)));
  }

  private static List<TokenKind> kinds(@Nullable MetadataArray codes, int size) {
    TokenKind[] kinds = new TokenKind[codes == null ? size : codes.size()];
    Arrays.fill(kinds, TokenKind.NORMAL);
    for (int id = 0; codes != null && id < kinds.length; id++) {
      long code = codes.integer(id);
      TokenKind kind = code == (int) code ? TokenKind.of((int) code) : null;
      if (kind == null) {
        throw new VocabularyException(
            Vocabulary.KINDS, "entry " + id + " is " + code + "; it should be 1 to 6");
      }
      kinds[id] = kind;
    }
    return Arrays.asList(kinds);
  }

  private static float[] scores(@Nullable MetadataArray array) {
    float[] scores = new float[array == null ? 0 : array.size()];
    for (int id = 0; array != null && id < scores.length; id++) {
      scores[id] = array.number(id);
    }
    return scores;
  }

  /// SentencePiece's own ids hold where the file names none.
  private static Vocabulary.SpecialIds special(Metadata metadata, String model, int size) {
    boolean sentencePiece = model.equals("llama") && size > 2;
    return new Vocabulary.SpecialIds(
        metadata.count(PREFIX + "bos_token_id", sentencePiece ? 1 : -1),
        metadata.count(PREFIX + "eos_token_id", sentencePiece ? 2 : -1),
        metadata.count(PREFIX + "eot_token_id", -1),
        metadata.count(PREFIX + "eom_token_id", -1),
        metadata.count(PREFIX + "unknown_token_id", sentencePiece ? 0 : -1));
  }

  private static @Nullable Boolean flag(Metadata metadata, String name) {
    return metadata.contains(PREFIX + name) ? metadata.flag(PREFIX + name, false) : null;
  }

  /// Phi-3's tokens take the white space behind them; the file has no key for it.
  private static boolean stripsAfterSpecial(Metadata metadata) {
    String name = metadata.text("general.name", "").toLowerCase(Locale.ROOT);
    return name.contains("phi-3") || name.contains("phi3");
  }

  private static List<String> lazy(int size, IntFunction<String> text) {
    return new AbstractList<>() {
      @Override
      public String get(int index) {
        return text.apply(index);
      }

      @Override
      public int size() {
        return size;
      }
    };
  }
}
