package ringfence.node.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Text of one answer, token after token, in whole characters.
///
/// All it returns put together is `new String(bytes, UTF_8)` of all tokens' bytes: bytes that are
/// no UTF-8 become U+FFFD. Its state is a function of the tokens so far; feeding it those of an
/// answer again brings it to where it was. Belongs to one thread.
public final class StreamDecoder {

  private final Tokenizer tokenizer;
  private byte[] held = new byte[0];

  /// At an answer's start.
  public StreamDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /// The characters that a token completes; empty where it completes none, or is a control token.
  public String next(int token) {
    byte[] bytes = tokenizer.bytes(token);
    if (bytes.length == 0) {
      return "";
    }
    byte[] all = bytes;
    if (held.length > 0) {
      all = Arrays.copyOf(held, held.length + bytes.length);
      System.arraycopy(bytes, 0, all, held.length, bytes.length);
    }
    int complete = complete(all);
    held = Arrays.copyOfRange(all, complete, all.length);
    return new String(all, 0, complete, StandardCharsets.UTF_8);
  }

  /// What is left at the answer's end: U+FFFD for a character that was never completed, or nothing.
  public String finish() {
    String rest = new String(held, StandardCharsets.UTF_8);
    held = new byte[0];
    return rest;
  }

  /// Number of bytes before a character that more bytes may complete.
  private static int complete(byte[] bytes) {
    int end = bytes.length;
    for (int start = end - 1; start >= Math.max(0, end - 3); start--) {
      int lead = bytes[start] & 0xff;
      if ((lead & 0xc0) != 0x80) {
        return lead >= 0xc2 && lead <= 0xf4 && mayBecomeCharacter(bytes, start) ? start : end;
      }
    }
    return end;
  }

  private static boolean mayBecomeCharacter(byte[] bytes, int start) {
    int lead = bytes[start] & 0xff;
    if (bytes.length - start >= Utf8Text.charLength((byte) lead)) {
      return false;
    }
    if (bytes.length - start == 1) {
      return true;
    }
    int second = bytes[start + 1] & 0xff;
    return switch (lead) {
      case 0xe0 -> second >= 0xa0;
      case 0xf0 -> second >= 0x90;
      case 0xf4 -> second <= 0x8f;
      default -> true;
    };
  }
}
