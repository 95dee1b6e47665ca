package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static ringfence.node.tokenizer.BytePairTokenizerTest.decoded;
import static ringfence.node.tokenizer.BytePairTokenizerTest.spellings;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import ringfence.node.tokenizer.MarkedText.Part;

class SentencePieceTokenizerTest {

  private static final Vocabulary.Rules NO_PREFIX = new Vocabulary.Rules(null, null, false, false);

  private static TestVocabulary vocabulary() {
    return TestVocabulary.sentencePiece()
        .token("\n\n", TokenKind.USER_DEFINED)
        .token("   ", TokenKind.USER_DEFINED)
        .pieces("ab", "bc", "▁ab", "▁▁", "▁", "a", "b", "c", "<", "s", ">", "<s", "é");
  }

  @Test
  void theBestScoreMergesFirst() {
    Tokenizer tokenizer = vocabulary().rules(NO_PREFIX).tokenizer();
    assertThat(spellings(tokenizer, "abc")).containsExactly("ab", "c");
    assertThat(spellings(tokenizer, "bcab")).containsExactly("bc", "ab");
    assertThat(spellings(tokenizer, "c ab")).containsExactly("c", "▁ab");
  }

  @Test
  void aSpaceComesBeforeTheFirstWordAndAfterSpecialTokens() {
    Tokenizer tokenizer = vocabulary().tokenizer();
    assertThat(spellings(tokenizer, "ab")).containsExactly("▁ab");
    assertThat(spellings(tokenizer, "")).isEmpty();
    assertThat(tokenizer.encode(MarkedText.trusted("ab</s>ab"), false))
        .containsExactly(vocabulary().id("▁ab"), vocabulary().id("</s>"), vocabulary().id("▁ab"));
  }

  @Test
  void whatTheVocabularyLacksIsSpelledInBytes() {
    Tokenizer tokenizer = vocabulary().rules(NO_PREFIX).tokenizer();
    assertThat(spellings(tokenizer, "a\ud83d\ude00é"))
        .containsExactly("a", "<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "é");
  }

  @Test
  void orIsUnknownWhereThereAreNoBytes() {
    Tokenizer tokenizer =
        Tokenizers.of(
            new Vocabulary(
                "llama",
                "",
                List.of("<unk>", "a"),
                List.of(TokenKind.UNKNOWN, TokenKind.NORMAL),
                new float[] {0, -1},
                List.of(),
                new Vocabulary.SpecialIds(-1, -1, -1, -1, 0),
                NO_PREFIX));
    assertThat(tokenizer.encode(MarkedText.plain("aéa"), true)).containsExactly(1, 0, 1);
  }

  @Test
  void userDefinedTokensAreCutOutFirst() {
    Tokenizer tokenizer = vocabulary().rules(NO_PREFIX).tokenizer();
    assertThat(spellings(tokenizer, "a\n\n\nb")).containsExactly("a", "\n\n", "<0x0A>", "b");
    assertThat(spellings(tokenizer, "a    b")).containsExactly("a", "   ", "▁", "b");
  }

  @Test
  void mergesNeverMakeAControlTokenOrAByte() {
    Tokenizer tokenizer = vocabulary().rules(NO_PREFIX).tokenizer();
    assertThat(spellings(tokenizer, "<s>")).containsExactly("<s", ">");
  }

  @Test
  void theBeginningIsThereOnce() {
    Tokenizer tokenizer = vocabulary().tokenizer();
    int ab = vocabulary().id("▁ab");
    assertThat(tokenizer.encode(MarkedText.plain("ab"), true)).containsExactly(1, ab);
    assertThat(tokenizer.encode(MarkedText.trusted("<s>ab"), true)).containsExactly(1, ab);
    assertThat(
            tokenizer.encode(
                new MarkedText(List.of(new Part("<s>", false), new Part("ab", true))), true))
        .startsWith(1, vocabulary().id("▁"))
        .hasSizeGreaterThan(3);
    assertThat(tokenizer.encode(MarkedText.plain(""), true)).containsExactly(1);
  }

  @Test
  void theEndIsThereWhereTheFileAsksForIt() {
    Tokenizer tokenizer =
        vocabulary().rules(new Vocabulary.Rules(false, true, false, false)).tokenizer();
    int ab = vocabulary().id("ab");
    assertThat(tokenizer.encode(MarkedText.plain("ab"), true)).containsExactly(ab, 2);
    assertThat(tokenizer.encode(MarkedText.trusted("ab</s>"), true)).containsExactly(ab, 2);
    assertThat(tokenizer.encode(MarkedText.plain("ab"), false)).containsExactly(ab);
  }

  @Property
  void decodingGivesTheTextBack(@ForAll String text) {
    String whole =
        new String(
                text.getBytes(java.nio.charset.StandardCharsets.UTF_16),
                java.nio.charset.StandardCharsets.UTF_16)
            .replace('▁', ' ');
    assertThat(decoded(vocabulary().rules(NO_PREFIX).tokenizer(), text)).isEqualTo(whole);
  }

  @Test
  void errorsNameTheKey() {
    assertThatThrownBy(() -> new TestVocabularyOfBytes("<0xZZ>").tokenizer())
        .hasMessage("tokenizer.ggml.tokens: token 0 is a byte and not spelled <0xXX>");
  }

  private record TestVocabularyOfBytes(String spelling) {
    Tokenizer tokenizer() {
      return Tokenizers.of(
          new Vocabulary(
              "llama",
              "",
              List.of(spelling),
              List.of(TokenKind.BYTE),
              new float[] {0},
              List.of(),
              Vocabulary.SpecialIds.NONE,
              NO_PREFIX));
    }
  }
}
