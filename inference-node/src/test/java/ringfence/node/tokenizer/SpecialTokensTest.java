package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import ringfence.node.tokenizer.MarkedText.Part;

class SpecialTokensTest {

  private static final TestVocabulary VOCABULARY =
      TestVocabulary.bytePairs()
          .merges("x y")
          .token("<|start|>", TokenKind.CONTROL)
          .token("<|end|>", TokenKind.CONTROL)
          .token("<|end|>!", TokenKind.CONTROL)
          .token("<tool>", TokenKind.USER_DEFINED)
          .token("<tool>>", TokenKind.USER_DEFINED)
          .token("  ", TokenKind.USER_DEFINED);
  private static final Tokenizer TOKENIZER = VOCABULARY.tokenizer();
  private static final int START = VOCABULARY.id("<|start|>");
  private static final int END = VOCABULARY.id("<|end|>");
  private static final int TOOL = VOCABULARY.id("<tool>");

  @Test
  void trustedTextSpellsControlTokens() {
    assertThat(encode(new Part("<|start|>a<|end|>", true))).containsExactly(START, 'a', END);
  }

  @Test
  void textFromOutsideDoesNot() {
    assertThat(encode(new Part("<|start|>", false))).isEqualTo(bytes("<|start|>"));
  }

  @Test
  void aSpellingThatIsPartlyFromOutsideIsText() {
    assertThat(encode(new Part("<|sta", true), new Part("rt|>", false)))
        .isEqualTo(bytes("<|start|>"));
    assertThat(encode(new Part("<|sta", false), new Part("rt|>", true)))
        .isEqualTo(bytes("<|start|>"));
    assertThat(encode(new Part("<|s", true), new Part("tart|", false), new Part(">", true)))
        .isEqualTo(bytes("<|start|>"));
  }

  @Test
  void trustedPartsSpellItTogether() {
    assertThat(encode(new Part("<|sta", true), new Part("", false), new Part("rt|>", true)))
        .containsExactly(START);
  }

  @Test
  void theLongestSpellingWins() {
    assertThat(encode(new Part("<|end|>!", true))).containsExactly(VOCABULARY.id("<|end|>!"));
    assertThat(encode(new Part("<|end|>", true), new Part("!", false))).containsExactly(END, '!');
    assertThat(encode(new Part("<tool>>", false))).containsExactly(VOCABULARY.id("<tool>>"));
  }

  @Test
  void userDefinedTokensAreThereForAll() {
    assertThat(encode(new Part("a<to", true), new Part("ol>", false))).containsExactly('a', TOOL);
    assertThat(TOKENIZER.isControl(TOOL)).isFalse();
    assertThat(TOKENIZER.bytes(TOOL)).asString().isEqualTo("<tool>");
    assertThat(TOKENIZER.bytes(START)).isEmpty();
    assertThat(TOKENIZER.spelling(START)).isEqualTo("<|start|>");
  }

  @Test
  void halfACharacterFromOutsideMakesItUntrusted() {
    TestVocabulary vocabulary =
        TestVocabulary.bytePairs().token("\ud83d\ude00", TokenKind.CONTROL).merges("x y");
    Tokenizer tokenizer = vocabulary.tokenizer();
    Part[][] cases = {
      {new Part("\ud83d", true), new Part("\ude00", false)},
      {new Part("\ud83d", false), new Part("\ude00", true)}
    };
    for (Part[] parts : cases) {
      assertThat(tokenizer.encode(new MarkedText(List.of(parts)), false))
          .containsExactly(0xf0, 0x9f, 0x98, 0x80);
    }
    assertThat(
            tokenizer.encode(
                new MarkedText(List.of(new Part("\ud83d", true), new Part("\ude00", true))), false))
        .containsExactly(256);
  }

  @Property
  void textFromOutsideNeverBecomesAControlToken(@ForAll("parts") List<Part> parts) {
    List<Part> outside = parts.stream().map(part -> new Part(part.text(), false)).toList();
    assertThat(Arrays.stream(TOKENIZER.encode(new MarkedText(outside), true)))
        .noneMatch(TOKENIZER::isControl);
  }

  @Property
  void noPartsBordersChangeTheTokensOfUntrustedText(@ForAll("parts") List<Part> parts) {
    List<Part> outside = parts.stream().map(part -> new Part(part.text(), false)).toList();
    MarkedText text = new MarkedText(outside);
    assertThat(TOKENIZER.encode(text, false))
        .isEqualTo(TOKENIZER.encode(MarkedText.plain(text.text()), false));
  }

  /// As many control tokens as trusted runs of text spell when each is encoded alone.
  @Property
  void controlTokensComeFromTrustedRunsAlone(@ForAll("parts") List<Part> parts) {
    int expected = 0;
    StringBuilder run = new StringBuilder();
    for (Part part : parts) {
      if (part.trusted()) {
        run.append(part.text());
      } else if (!part.text().isEmpty()) {
        expected += controls(run.toString());
        run.setLength(0);
      }
    }
    expected += controls(run.toString());
    long found =
        Arrays.stream(TOKENIZER.encode(new MarkedText(parts), false))
            .filter(TOKENIZER::isControl)
            .count();
    assertThat(found).isLessThanOrEqualTo(expected);
  }

  @Provide
  Arbitrary<List<Part>> parts() {
    return Arbitraries.of(
            "<|start|>",
            "<|end|>",
            "<|",
            "start",
            "|>",
            "<|st",
            "art|>",
            "<tool>",
            "<to",
            "ol>",
            "!",
            ">",
            " ",
            "  ",
            "a",
            "é",
            "\ud83d",
            "\ude00",
            "")
        .flatMap(text -> Arbitraries.of(true, false).map(trusted -> new Part(text, trusted)))
        .list()
        .ofMaxSize(12);
  }

  private static int controls(String trusted) {
    return (int)
        Arrays.stream(TOKENIZER.encode(MarkedText.trusted(trusted), false))
            .filter(TOKENIZER::isControl)
            .count();
  }

  private static int[] encode(Part... parts) {
    return TOKENIZER.encode(new MarkedText(List.of(parts)), false);
  }

  private static int[] bytes(String ascii) {
    List<Integer> ids = new ArrayList<>();
    ascii.chars().forEach(ids::add);
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
