package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TokenizersTest {

  private static TestVocabulary vocabulary() {
    return TestVocabulary.bytePairs().merges("a b");
  }

  @Test
  void listsTheKnownModelsForAnUnknownOne() {
    Vocabulary vocabulary = vocabulary().vocabulary();
    assertThatThrownBy(() ->
            Tokenizers.of(
                new Vocabulary(
                    "bert",
                    "",
                    vocabulary.spellings(),
                    vocabulary.kinds(),
                    vocabulary.scores(),
                    vocabulary.merges(),
                    vocabulary.special(),
                    vocabulary.rules())))
        .isInstanceOf(VocabularyException.class)
        .hasMessage(
            "tokenizer.ggml.model: unknown tokenizer 'bert'; known are gpt2 (byte-level BPE) and"
                + " llama (SentencePiece)");
  }

  @Test
  void specialIdsHaveToBeTokens() {
    assertThatThrownBy(() -> vocabulary().special(-1, 257, -1, -1, -1).vocabulary())
        .hasMessage("tokenizer.ggml.eos_token_id: 257 is not a token: there are 257");
  }

  @Test
  void kindsAndScoresHaveToFitTheTokens() {
    assertThatThrownBy(() ->
            new Vocabulary(
                "gpt2",
                "",
                List.of("a", "b"),
                List.of(TokenKind.NORMAL),
                new float[0],
                List.of(),
                Vocabulary.SpecialIds.NONE,
                Vocabulary.Rules.UNSAID))
        .hasMessage("tokenizer.ggml.token_type: has 1 entries for 2 tokens");
  }

  @Test
  void byteLevelAddsNoBeginningUnlessTheFileOrThePreTokenizerSaysSo() {
    TestVocabulary vocabulary =
        vocabulary().token("<|begin|>", TokenKind.CONTROL).special(257, -1, -1, -1, -1);
    assertThat(encode(vocabulary)).containsExactly('a');
    assertThat(encode(vocabulary.preTokenizer("llama-bpe"))).containsExactly(257, 'a');
    assertThat(encode(vocabulary.rules(new Vocabulary.Rules(false, null, null, false))))
        .containsExactly('a');
    assertThat(
            encode(
                vocabulary
                    .preTokenizer("gpt-2")
                    .rules(new Vocabulary.Rules(true, null, null, false))))
        .containsExactly(257, 'a');
  }

  @Test
  void aBeginningThatIsAskedForHasToBeThere() {
    assertThatThrownBy(
            () -> vocabulary().rules(new Vocabulary.Rules(true, null, null, false)).tokenizer())
        .hasMessage("tokenizer.ggml.bos_token_id: is missing; add_bos_token needs it");
  }

  @Test
  void answersEndWithTheTokensThatTheFileNamesAndThoseKnownBySpelling() {
    TestVocabulary vocabulary =
        vocabulary()
            .token("<stop>", TokenKind.CONTROL)
            .token("<turn>", TokenKind.CONTROL)
            .token("<message>", TokenKind.CONTROL)
            .token("<|im_end|>", TokenKind.USER_DEFINED)
            .token("</s>", TokenKind.USER_DEFINED)
            .token("<EOT>", TokenKind.CONTROL)
            .special(-1, 257, 258, 259, -1);
    Tokenizer tokenizer = vocabulary.tokenizer();
    assertThat(ends(tokenizer)).containsExactly(257, 258, 259, 260, 262);
    assertThat(tokenizer.isControl(260)).as("<|im_end|> is never text").isTrue();
    assertThat(tokenizer.isControl(261)).as("</s> is HTML").isFalse();
    assertThat(tokenizer.endOfSequence()).isEqualTo(257);
    assertThat(tokenizer.beginningOfSequence()).isEqualTo(-1);
  }

  @Test
  void endGoesOnWhereCallAndReturnEnd() {
    TestVocabulary vocabulary = vocabulary().token("<|end|>", TokenKind.CONTROL);
    assertThat(ends(vocabulary.tokenizer())).containsExactly(257);
    vocabulary.token("<|return|>", TokenKind.CONTROL).token("<|call|>", TokenKind.CONTROL);
    assertThat(ends(vocabulary.tokenizer())).containsExactly(258, 259);
  }

  @Test
  void whiteSpaceAfterSpecialTokensGoesWhereTheModelWantsIt() {
    TestVocabulary vocabulary =
        vocabulary()
            .token("<|user|>", TokenKind.CONTROL)
            .rules(new Vocabulary.Rules(null, null, null, true));
    assertThat(vocabulary.tokenizer().encode(MarkedText.trusted(" <|user|> \n a"), false))
        .containsExactly(' ', 257, 'a');
  }

  @Test
  void spellingsAreThoseOfTheVocabulary() {
    Tokenizer smollm2 = Truth.smollm2();
    assertThat(smollm2.spelling(2)).isEqualTo("<|im_end|>");
    int[] world = smollm2.encode(MarkedText.plain(" world"), false);
    assertThat(world).hasSize(1);
    assertThat(smollm2.spelling(world[0])).isEqualTo("Ġworld");
  }

  private static int[] encode(TestVocabulary vocabulary) {
    return vocabulary.tokenizer().encode(MarkedText.plain("a"), true);
  }

  private static int[] ends(Tokenizer tokenizer) {
    return java.util.stream.IntStream.range(0, tokenizer.size())
        .filter(tokenizer::isEndOfGeneration)
        .toArray();
  }
}
