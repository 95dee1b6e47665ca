package ringfence.node.tokenizer;

import java.nio.charset.StandardCharsets;

/// The characters in which byte-level BPE spells bytes.
///
/// Printable bytes of Latin-1 stand for themselves, the other 68 are U+0100 and up in order (GPT-2,
/// Radford et al. 2019).
final class ByteAlphabet {

  private static final char[] SPELLING = new char[256];
  private static final short[] BYTE = new short[0x100 + 68];

  static {
    int next = 0x100;
    java.util.Arrays.fill(BYTE, (short) -1);
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      SPELLING[b] = (char) (printable ? b : next++);
      BYTE[SPELLING[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /// The bytes that a spelling stands for; where a character is none of the alphabet's, the
  /// spelling's own UTF-8.
  static byte[] decode(String spelling) {
    byte[] bytes = new byte[spelling.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = spelling.charAt(i);
      if (c >= BYTE.length || BYTE[c] < 0) {
        return spelling.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) BYTE[c];
    }
    return bytes;
  }

  /// As [#decode(String)], of a part of a string, into an array at `at` if there is room.
  ///
  /// @return where its bytes end, or -1 where there is no room or a character is none of the
  ///   alphabet's
  static int decode(String spelling, int from, int to, byte[] bytes, int at) {
    if (to - from > bytes.length - at) {
      return -1;
    }
    int end = at;
    for (int i = from; i < to; i++) {
      char c = spelling.charAt(i);
      if (c >= BYTE.length || BYTE[c] < 0) {
        return -1;
      }
      bytes[end++] = (byte) BYTE[c];
    }
    return end;
  }

  /// Spells bytes.
  static String encode(byte[] bytes) {
    char[] spelling = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      spelling[i] = SPELLING[bytes[i] & 0xff];
    }
    return new String(spelling);
  }
}
