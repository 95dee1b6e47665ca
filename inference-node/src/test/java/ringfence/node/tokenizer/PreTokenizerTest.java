package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class PreTokenizerTest {

  @TestFactory
  Stream<DynamicTest> cutsAsHuggingFaceDoes() {
    JsonNode truth = Truth.read("pretokenizers");
    List<String> corpus = Truth.corpus();
    return truth.properties().stream()
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(),
                () -> compare(entry.getKey(), corpus, entry.getValue().get("pieces"))));
  }

  private static void compare(String name, List<String> corpus, JsonNode pieces) {
    SoftAssertions all = new SoftAssertions();
    for (int i = 0; i < corpus.size(); i++) {
      all.assertThat(lengths(name, corpus.get(i)))
          .as("%s %d %s", name, i, corpus.get(i))
          .isEqualTo(Truth.ids(pieces.get(i)));
    }
    all.assertAll();
  }

  private static int[] lengths(String name, String text) {
    Utf8Text utf8 = Utf8Text.of(text);
    List<Integer> lengths = new ArrayList<>();
    PreTokenizer.named(name).split(utf8, 0, utf8.length(), (from, to) -> lengths.add(to - from));
    return lengths.stream().mapToInt(Integer::intValue).toArray();
  }

  @Test
  void listsTheKnownOnesForAnUnknownName() {
    assertThatThrownBy(() -> PreTokenizer.named("klingon"))
        .isInstanceOf(VocabularyException.class)
        .hasMessageContaining("tokenizer.ggml.pre")
        .hasMessageContaining("'klingon'")
        .hasMessageContaining("llama-bpe, ");
  }

  @Test
  void isTheDefaultWhereTheFileNamesNone() {
    assertThat(PreTokenizer.named("")).isEqualTo(PreTokenizer.named("default"));
  }
}
