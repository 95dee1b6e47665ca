package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/// A megabyte of anything is encoded in time linear in it. Quadratic time would be hours: the
/// limits here are only there to end it.
class LongTextTest {

  private static final int LENGTH = 1_000_000;
  private static final List<String> UNITS =
      List.of(
          "a",
          "A",
          " ",
          "\n",
          "\r\n ",
          "7",
          "!",
          "'s",
          " a",
          "中A",
          "A中",
          "e\u0301",
          "\u0301",
          "\u0000",
          "<|im_start|>",
          "\ud83d\udc69\u200d");

  @Test
  @Timeout(120)
  void realVocabulariesEncodeIt() {
    for (String unit : UNITS) {
      String text = unit.repeat(LENGTH / unit.length());
      assertThat(Truth.smollm2().encode(MarkedText.plain(text), true).length)
          .as(unit)
          .isBetween(1_000, 4 * LENGTH);
    }
  }

  @Test
  @Timeout(120)
  void sentencePieceEncodesIt() {
    Tokenizer tokenizer =
        TestVocabulary.sentencePiece()
            .pieces("▁▁▁▁", "▁▁", "▁", "aa", "aaaa", "a", "!", "aA", "A", "中", "中A")
            .tokenizer();
    for (String unit : UNITS) {
      String text = unit.repeat(LENGTH / unit.length());
      assertThat(tokenizer.encode(MarkedText.plain(text), true)).as(unit).isNotEmpty();
    }
  }

  @TestFactory
  @Timeout(120)
  Stream<DynamicTest> preTokenizersCutIt() {
    Set<PreTokenizer> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    return PreTokenizer.names().stream()
        .filter(name -> seen.add(PreTokenizer.named(name)))
        .map(name -> DynamicTest.dynamicTest(name, () -> cut(name)));
  }

  private static void cut(String name) {
    for (String unit : UNITS) {
      for (String tail : List.of("", "x")) {
        Utf8Text text = Utf8Text.of(unit.repeat(LENGTH / 10 / unit.length()) + tail);
        int[] end = {0};
        PreTokenizer.named(name)
            .split(
                text,
                0,
                text.length(),
                (from, to) -> {
                  if (from != end[0] || to <= from) {
                    throw new AssertionError(name + " left a gap at " + from);
                  }
                  end[0] = to;
                });
        assertThat(end[0]).isEqualTo(text.length());
      }
    }
  }
}
