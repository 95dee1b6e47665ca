package ringfence.node.engine;

import java.nio.charset.StandardCharsets;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizer;

/// Short pieces of text, some of them parts of characters; the last token ends an answer.
final class ToyTokenizer implements Tokenizer {
  private static final byte[][] PIECES = {
    text("a"),
    text("b"),
    text("ab"),
    text("ba"),
    text("c"),
    text("abc"),
    text(" "),
    text("x"),
    text("é"),
    {(byte) 0xc3},
    {(byte) 0xa9},
    {(byte) 0xf0, (byte) 0x9f},
    {(byte) 0x98},
    {(byte) 0x80},
    text("😀"),
    text("stop"),
    text("st"),
    text("op"),
    text("\n"),
    text("yz"),
    text("z"),
    text("xyz"),
    text("1"),
    text("2"),
    text("12"),
    text("世"),
    text("界"),
    {(byte) 0xe4, (byte) 0xb8},
    {(byte) 0x96},
    text("cab"),
    text("cc"),
    {}
  };

  static final int SIZE = PIECES.length;
  static final int END = SIZE - 1;

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public int[] encode(MarkedText text, boolean addSpecial) {
    throw new UnsupportedOperationException();
  }

  @Override
  public byte[] bytes(int token) {
    return PIECES[token];
  }

  @Override
  public boolean isControl(int token) {
    return token == END;
  }

  @Override
  public boolean isEndOfGeneration(int token) {
    return token == END;
  }

  @Override
  public int size() {
    return SIZE;
  }

  @Override
  public String spelling(int token) {
    return "<" + token + ">";
  }

  @Override
  public int beginningOfSequence() {
    return -1;
  }

  @Override
  public int endOfSequence() {
    return END;
  }
}
