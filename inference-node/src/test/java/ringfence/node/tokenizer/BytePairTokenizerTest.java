package ringfence.node.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_16;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class BytePairTokenizerTest {

  private static final TestVocabulary VOCABULARY =
      TestVocabulary.bytePairs()
          .merges("a b", "c d", "ab cd", "b c", "Ġ ab", "a a", "aa aa", "aaaa aaaa", "Ã ©");
  private static final Tokenizer TOKENIZER = VOCABULARY.tokenizer();

  @Test
  void mergesInTheOrderOfTheFile() {
    assertThat(spellings(TOKENIZER, "abc")).containsExactly("ab", "c");
    assertThat(spellings(TOKENIZER, "abcd")).containsExactly("abcd");
    assertThat(spellings(TOKENIZER, "xbcd")).containsExactly("x", "b", "cd");
  }

  @Test
  void ofEqualMergesTheLeftmostComesFirst() {
    assertThat(spellings(TOKENIZER, "aaa")).containsExactly("aa", "a");
    assertThat(spellings(TOKENIZER, "a".repeat(15))).containsExactly("aaaaaaaa", "aaaa", "aa", "a");
  }

  @Test
  void longWordsMergeAsShortOnesDo() {
    // 24 tokens are the last that are merged without a queue.
    for (int length = 20; length < 30; length++) {
      int eights = length / 8;
      String rest = "a".repeat(length % 8);
      assertThat(spellings(TOKENIZER, "a".repeat(length)))
          .startsWith(Arrays.copyOf(new String[] {"aaaaaaaa", "aaaaaaaa", "aaaaaaaa"}, eights))
          .hasSize(eights + Integer.bitCount(rest.length()));
    }
  }

  @Test
  void aWordThatIsATokenIsTakenWholeWherePreTokenizerSaysSo() {
    TestVocabulary vocabulary =
        TestVocabulary.bytePairs().merges("a b").token("abc", TokenKind.NORMAL);
    assertThat(spellings(vocabulary.tokenizer(), "abc")).containsExactly("ab", "c");
    assertThat(spellings(vocabulary.preTokenizer("llama-bpe").tokenizer(), "abc"))
        .containsExactly("abc");
  }

  @Test
  void aSurrogateAloneIsReplaced() {
    assertThat(decoded(TOKENIZER, "a\ud83db")).isEqualTo("a\ufffdb");
    assertThat(decoded(TOKENIZER, "\ude00\ud83d")).isEqualTo("\ufffd\ufffd");
  }

  @Property
  void decodingGivesTheTextBack(@ForAll String text) {
    String whole = new String(text.getBytes(UTF_16), UTF_16);
    assertThat(decoded(TOKENIZER, text)).isEqualTo(whole);
  }

  @Property(tries = 300)
  void realVocabulariesGiveTheTextBackToo(@ForAll("printable") String text) {
    assertThat(decoded(Truth.smollm2(), text)).isEqualTo(text);
  }

  /// SmolLM2's vocabulary lacks some bytes of control characters and rare scripts.
  @Provide
  Arbitrary<String> printable() {
    return Arbitraries.strings()
        .withCharRange(' ', '~')
        .withCharRange('\u00a1', '\u017f')
        .withCharRange('\u4e00', '\u9fa5')
        .withChars("\n\t\r\u0301\ud83d\ude00")
        .filter(text -> text.equals(new String(text.getBytes(UTF_16), UTF_16)));
  }

  @Test
  void errorsNameTheKey() {
    assertThatThrownBy(() -> TestVocabulary.bytePairs().tokenizer())
        .isInstanceOf(VocabularyException.class)
        .hasMessage("tokenizer.ggml.merges: is missing or empty");
    assertThatThrownBy(() -> TestVocabulary.bytePairs().bareMerge("ab").tokenizer())
        .hasMessage("tokenizer.ggml.merges: entry 0 has no space");
    assertThatThrownBy(() -> TestVocabulary.bytePairs().bareMerge("a b").tokenizer())
        .hasMessage(
            "tokenizer.ggml.merges: entry 0 needs 'ab', which is no normal token of"
                + " tokenizer.ggml.tokens");
    assertThatThrownBy(() -> TestVocabulary.bytePairs().preTokenizer("no-such").tokenizer())
        .hasMessageStartingWith("tokenizer.ggml.pre: unknown pre-tokenizer 'no-such'; known are");
  }

  static String[] spellings(Tokenizer tokenizer, String text) {
    return Arrays.stream(tokenizer.encode(MarkedText.plain(text), false))
        .mapToObj(tokenizer::spelling)
        .toArray(String[]::new);
  }

  static String decoded(Tokenizer tokenizer, String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int token : tokenizer.encode(MarkedText.plain(text), false)) {
      bytes.writeBytes(tokenizer.bytes(token));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
