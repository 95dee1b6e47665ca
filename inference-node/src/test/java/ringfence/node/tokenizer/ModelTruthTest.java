package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Real vocabularies against llama.cpp and Hugging Face's tokenizers.
class ModelTruthTest {

  @Test
  @Tag("model")
  void smollm2EqualsTheOthers() {
    compare(Truth.SMOLLM2);
  }

  @Test
  @Tag("large")
  void qwenEqualsTheOthers() {
    assumeThat(Truth.file(Truth.QWEN)).exists();
    compare(Truth.QWEN);
  }

  @Test
  @Tag("large")
  void gemmaEqualsTheOthers() {
    assumeThat(Truth.file(Truth.GEMMA)).exists();
    compare(Truth.GEMMA);
  }

  private static void compare(String model) {
    JsonNode truth = Truth.read(model);
    Tokenizer tokenizer = Truth.tokenizer(model);
    assertThat(tokenizer.size()).isEqualTo(truth.get("vocab").intValue());
    assertThat(tokenizer.encode(MarkedText.plain(""), true))
        .isEqualTo(Truth.ids(truth.get("add_special_prefix")));
    SoftAssertions all = new SoftAssertions();
    List<String> corpus = Truth.corpus();
    for (int i = 0; i < corpus.size(); i++) {
      String text = corpus.get(i);
      if (text.contains("</s>")) {
        continue; // llama.cpp makes it a control token in any vocabulary: Qwen's and Gemma's have
        // it as text
      }
      JsonNode entry = truth.get("texts").get(i);
      JsonNode parsed = entry.has("parsed") ? entry.get("parsed") : entry.get("ids");
      all.assertThat(tokenizer.encode(MarkedText.plain(text), false))
          .as("%d plain %s", i, text)
          .isEqualTo(Truth.ids(entry.get("ids")));
      all.assertThat(tokenizer.encode(MarkedText.trusted(text), false))
          .as("%d trusted %s", i, text)
          .isEqualTo(Truth.ids(parsed));
    }
    all.assertAll();
  }
}
