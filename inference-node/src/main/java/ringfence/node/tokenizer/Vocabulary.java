package ringfence.node.tokenizer;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a model's file says about its tokens: only needed to make a [Tokenizer] and free
/// afterwards.
///
/// @param model `tokenizer.ggml.model`: `gpt2` (byte-level BPE) or `llama` (SentencePiece)
/// @param preTokenizer `tokenizer.ggml.pre`; empty means `default`
/// @param spellings of every token, by id, distinct but for empty ones
/// @param kinds of every token
/// @param scores of every token; empty for byte-level BPE
/// @param merges `left right`, best first; empty for SentencePiece
/// @param special ids of tokens with a part to play
/// @param rules what to put around and into a text
public record Vocabulary(
    String model,
    String preTokenizer,
    List<String> spellings,
    List<TokenKind> kinds,
    float[] scores,
    List<String> merges,
    SpecialIds special,
    Rules rules) {

  /// Keys, as errors name them.
  static final String MODEL = "tokenizer.ggml.model";

  static final String PRE = "tokenizer.ggml.pre";
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String KINDS = "tokenizer.ggml.token_type";
  static final String SCORES = "tokenizer.ggml.scores";
  static final String MERGES = "tokenizer.ggml.merges";

  public Vocabulary {
    if (spellings.isEmpty()) {
      throw new VocabularyException(TOKENS, "is missing or empty");
    }
    if (kinds.size() != spellings.size()) {
      throw new VocabularyException(
          KINDS, "has " + kinds.size() + " entries for " + spellings.size() + " tokens");
    }
    if (scores.length != 0 && scores.length != spellings.size()) {
      throw new VocabularyException(
          SCORES, "has " + scores.length + " entries for " + spellings.size() + " tokens");
    }
    special.check(spellings.size());
  }

  /// Number of tokens.
  public int size() {
    return spellings.size();
  }

  /// Token ids, -1 where the file names none.
  ///
  /// @param beginning of a sequence (BOS)
  /// @param end of a sequence (EOS)
  /// @param endOfTurn (EOT)
  /// @param endOfMessage (EOM): the answer goes on after a tool was called
  /// @param unknown stands for what can't be spelled
  public record SpecialIds(int beginning, int end, int endOfTurn, int endOfMessage, int unknown) {

    /// No special tokens.
    public static final SpecialIds NONE = new SpecialIds(-1, -1, -1, -1, -1);

    private void check(int size) {
      check("bos", beginning, size);
      check("eos", end, size);
      check("eot", endOfTurn, size);
      check("eom", endOfMessage, size);
      check("unknown", unknown, size);
    }

    private static void check(String name, int id, int size) {
      if (id < -1 || id >= size) {
        throw new VocabularyException(
            "tokenizer.ggml." + name + "_token_id", id + " is not a token: there are " + size);
      }
    }
  }

  /// What to add to a text. A null flag means that the file doesn't say: the model's or
  /// pre-tokenizer's custom then holds.
  ///
  /// @param addBeginning put the beginning-of-sequence token first
  /// @param addEnd put the end-of-sequence token last
  /// @param addSpacePrefix SentencePiece: a space before the text's first word
  /// @param stripAfterSpecial white space after a special token is dropped
  public record Rules(
      @Nullable Boolean addBeginning,
      @Nullable Boolean addEnd,
      @Nullable Boolean addSpacePrefix,
      boolean stripAfterSpecial) {

    /// The file says nothing.
    public static final Rules UNSAID = new Rules(null, null, null, false);
  }
}
