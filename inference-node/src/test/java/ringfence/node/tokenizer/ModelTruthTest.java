package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;

/// Real vocabularies against llama.cpp and Hugging Face's tokenizers: these two agree on every text
/// here but for Gemma's, of which Hugging Face's has no user-defined tokens when made from a GGUF
/// file. There llama.cpp is right.
class ModelTruthTest {

  @Test
  void smollm2EqualsTheOthers() {
    compare(Truth.smollm2(), Truth.read("smollm2-135m-instruct-q4_1"), 0, 2, 4);
  }

  @Test
  void phi3EqualsTheOthers() {
    // llama.cpp has </s> (2) too, which is user-defined in this vocabulary.
    compare(Truth.phi3(), Truth.read("phi-3-vocab"), 32000, 32007);
  }

  @Test
  @Tag("large")
  void qwenEqualsTheOthers() {
    // llama.cpp has </s> (128247) too, which is text in this vocabulary.
    compare(
        Truth.tokenizer(TestModel.QWEN_CODER),
        Truth.read("qwen2.5-coder-0.5b-instruct-q4_k_m"),
        151643,
        151645,
        151662,
        151663,
        151664);
  }

  @Test
  @Tag("large")
  void gemmaEqualsTheOthers() {
    // llama.cpp has </s> (212) too, which is HTML in this vocabulary.
    compare(Truth.tokenizer(TestModel.GEMMA), Truth.read("gemma-3-270m-q4_k_m"), 1, 106);
  }

  private static void compare(Tokenizer tokenizer, JsonNode truth, int... ends) {
    assertThat(tokenizer.size()).isEqualTo(truth.get("vocab").intValue());
    assertThat(tokenizer.encode(MarkedText.plain(""), true))
        .isEqualTo(Truth.ids(truth.get("add_special_prefix")));
    for (int id = 0; id < tokenizer.size(); id++) {
      int token = id;
      boolean end = Arrays.stream(ends).anyMatch(e -> e == token);
      assertThat(tokenizer.isEndOfGeneration(id)).as(tokenizer.spelling(id)).isEqualTo(end);
    }
    SoftAssertions all = new SoftAssertions();
    List<String> corpus = Truth.corpus();
    for (int i = 0; i < corpus.size(); i++) {
      String text = corpus.get(i);
      if (text.contains("</s>")) {
        continue; // a control token to llama.cpp in any vocabulary
      }
      JsonNode entry = truth.get("texts").get(i);
      int[] ids = tokenizer.encode(MarkedText.plain(text), false);
      all.assertThat(ids).as("%d plain %s", i, text).isEqualTo(Truth.ids(entry.get("ids")));
      all.assertThat(tokenizer.encode(MarkedText.trusted(text), false))
          .as("%d trusted %s", i, text)
          .isEqualTo(Truth.ids(entry.has("parsed") ? entry.get("parsed") : entry.get("ids")));
      all.assertThat(decoded(tokenizer, ids))
          .as("%d decoded %s", i, text)
          .isEqualTo(text(entry, text));
    }
    all.assertAll();
  }

  /// The text of the ids one by one: with the space that SentencePiece puts before the first.
  private static byte[] text(JsonNode entry, String text) {
    for (String key : List.of("decoded_pieces", "decoded")) {
      if (entry.has(key)) {
        return HexFormat.of().parseHex(entry.get(key).textValue());
      }
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] decoded(Tokenizer tokenizer, int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(tokenizer.bytes(id));
    }
    return bytes.toByteArray();
  }
}
