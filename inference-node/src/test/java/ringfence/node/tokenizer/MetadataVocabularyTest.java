package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import ringfence.node.gguf.GgufBytes;
import ringfence.node.gguf.GgufException;
import ringfence.node.gguf.MetadataType;

class MetadataVocabularyTest {

  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PRE = "tokenizer.ggml.pre";
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String KINDS = "tokenizer.ggml.token_type";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final String BOS = "tokenizer.ggml.bos_token_id";

  private static GgufBytes file() {
    GgufBytes file = new GgufBytes().text(MODEL, "gpt2").text(PRE, "llama-bpe");
    return strings(strings(file, TOKENS, "a", "b", "ab", "<|begin|>"), MERGES, "a b")
        .uint32s(KINDS, 1, 1, 1, 3)
        .uint32(BOS, 3);
  }

  private static GgufBytes strings(GgufBytes file, String key, String... texts) {
    return file.put(
        key,
        out -> {
          out.int32(MetadataType.ARRAY.id()).int32(MetadataType.STRING.id()).int64(texts.length);
          for (String text : texts) {
            out.text(text);
          }
        });
  }

  private static Tokenizer tokenizer(GgufBytes file) {
    return Tokenizers.of(file.parse().metadata());
  }

  @Test
  void readsWhatTheFileSays() {
    Tokenizer tokenizer = tokenizer(file());
    assertThat(tokenizer.size()).isEqualTo(4);
    assertThat(tokenizer.beginningOfSequence()).isEqualTo(3);
    assertThat(tokenizer.endOfSequence()).isEqualTo(-1);
    assertThat(tokenizer.isControl(3)).isTrue();
    assertThat(tokenizer.encode(MarkedText.plain("ab"), true)).containsExactly(3, 2);
  }

  @Test
  void theFileRulesOverThePreTokenizersCustom() {
    GgufBytes file = file().bool("tokenizer.ggml.add_bos_token", false);
    assertThat(tokenizer(file).encode(MarkedText.plain("ab"), true)).containsExactly(2);
  }

  @Test
  void withoutAPreTokenizerItIsTheDefault() {
    assertThat(tokenizer(file().without(PRE)).encode(MarkedText.plain("ab"), true))
        .containsExactly(2);
  }

  @Test
  void withoutKindsAllTokensAreNormal() {
    assertThat(tokenizer(file().without(KINDS)).isControl(0)).isFalse();
  }

  @Test
  void errorsNameTheKey() {
    assertThatThrownBy(() -> tokenizer(file().without(MODEL)))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining(MODEL);
    assertThatThrownBy(() -> tokenizer(file().without(TOKENS)))
        .isInstanceOf(GgufException.class)
        .hasMessageContaining(TOKENS);
    assertThatThrownBy(() -> tokenizer(file().without(MERGES)))
        .isInstanceOf(VocabularyException.class)
        .hasMessage(MERGES + ": is missing or empty");
    assertThatThrownBy(() -> tokenizer(file().without(KINDS).uint32s(KINDS, 1, 1, 1, 9)))
        .hasMessage(KINDS + ": entry 3 is 9; it should be 1 to 6");
    assertThatThrownBy(() -> tokenizer(file().without(KINDS).uint32s(KINDS, 1, 1)))
        .hasMessage(KINDS + ": has 2 entries for 4 tokens");
    assertThatThrownBy(() -> tokenizer(file().without(BOS).uint32(BOS, 4)))
        .hasMessage(BOS + ": 4 is not a token: there are 4");
    assertThatThrownBy(() -> tokenizer(file().without(PRE).text(PRE, "klingon")))
        .hasMessageStartingWith(PRE + ": unknown pre-tokenizer 'klingon'; known are ");
    assertThatThrownBy(() -> tokenizer(file().without(MODEL).text(MODEL, "llama")))
        .hasMessage("tokenizer.ggml.scores: is missing or empty");
  }
}
