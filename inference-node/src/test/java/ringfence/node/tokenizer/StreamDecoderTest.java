package ringfence.node.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class StreamDecoderTest {

  private static final TestVocabulary BYTES =
      TestVocabulary.bytePairs().merges("a b").token("<|im_end|>", TokenKind.CONTROL);
  private static final Tokenizer TOKENIZER = BYTES.tokenizer();

  @Test
  void holdsBackHalfACharacter() {
    StreamDecoder decoder = new StreamDecoder(TOKENIZER);
    assertThat(decoder.next(0xf0)).isEmpty();
    assertThat(decoder.next(0x9f)).isEmpty();
    assertThat(decoder.next(0x98)).isEmpty();
    assertThat(decoder.next(0x80)).isEqualTo("\ud83d\ude00");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void replacesABrokenCharacterAsSoonAsItIsBroken() {
    StreamDecoder decoder = new StreamDecoder(TOKENIZER);
    assertThat(decoder.next(0xe4)).isEmpty();
    assertThat(decoder.next(0xbd)).isEmpty();
    assertThat(decoder.next('a')).isEqualTo("\ufffda");
  }

  @Test
  void finishesWithWhatNeverBecameACharacter() {
    StreamDecoder decoder = new StreamDecoder(TOKENIZER);
    decoder.next('a');
    decoder.next(0xc3);
    assertThat(decoder.finish()).isEqualTo("\ufffd");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void controlTokensHaveNoTextAndBreakNoCharacter() {
    StreamDecoder decoder = new StreamDecoder(TOKENIZER);
    decoder.next(0xc3);
    assertThat(decoder.next(BYTES.id("<|im_end|>"))).isEmpty();
    assertThat(decoder.next(0xa9)).isEqualTo("é");
  }

  @Property(tries = 5000)
  void piecesTogetherAreTheWholeText(@ForAll("bytes") List<Byte> bytes) {
    byte[] all = new byte[bytes.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = bytes.get(i);
    }
    StreamDecoder decoder = new StreamDecoder(TOKENIZER);
    StringBuilder text = new StringBuilder();
    for (byte b : all) {
      String piece = decoder.next(b & 0xff);
      assertThat(
              Character.isHighSurrogate(piece.isEmpty() ? 'a' : piece.charAt(piece.length() - 1)))
          .isFalse();
      text.append(piece);
    }
    text.append(decoder.finish());
    assertThat(text.toString()).isEqualTo(new String(all, StandardCharsets.UTF_8));
  }

  /// Mostly bytes at the borders of what UTF-8 allows.
  @Provide
  Arbitrary<List<Byte>> bytes() {
    List<Byte> borders = new ArrayList<>();
    for (int b :
        new int[] {
          'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec,
          0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff
        }) {
      borders.add((byte) b);
    }
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(9, Arbitraries.of(borders)),
            net.jqwik.api.Tuple.of(1, Arbitraries.bytes()))
        .list()
        .ofMaxSize(12);
  }
}
