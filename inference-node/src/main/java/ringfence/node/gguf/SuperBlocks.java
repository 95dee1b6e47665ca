package ringfence.node.gguf;

/// Blocks of 256 numbers (k-quants): sub-blocks of 16 or 32 with small integer scales of their own,
/// under one float16 scale for all.
final class SuperBlocks {
  private SuperBlocks() {}

  /// `x = (d * scale) * q - (dmin * min)` in 16 sub-blocks of 16: 16 bytes of a scale (low) and a
  /// minimum (high), 64 bytes of bit pairs, d, dmin. Each half of the block has 32 bytes of pairs:
  /// pair `p` of byte `i` is number `32 * p + i` of the half.
  static void q2k(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from + 80);
    float dmin = Dequantizer.half(stored, from + 82);
    for (int sub = 0; sub < 16; sub++) {
      float scale = d * (stored[from + sub] & 0xF);
      float min = dmin * (stored[from + sub] >> 4 & 0xF);
      int pairs = from + 16 + sub / 8 * 32 + sub % 2 * 16;
      int shift = sub % 8 / 2 * 2;
      for (int i = 0; i < 16; i++) {
        int q = stored[pairs + i] >> shift & 3;
        out[to + sub * 16 + i] = scale * q - min;
      }
    }
  }

  /// `x = (d * (scale - 32)) * q`, q from -4 to 3, in 16 sub-blocks of 16: 32 bytes of third bits,
  /// 64 bytes of bit pairs as in [#q2k], 12 bytes of six-bit scales, d. Bit `b` of byte `i` of the
  /// third bits belongs to number `32 * b + i`; where it is 0, 4 is taken off.
  static void q3k(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from + 108);
    for (int sub = 0; sub < 16; sub++) {
      float scale = d * (q3kScale(stored, from + 96, sub) - 32);
      int inQuarter = sub % 2 * 16;
      int pairs = from + 32 + sub / 8 * 32 + inQuarter;
      int shift = sub % 8 / 2 * 2;
      for (int i = 0; i < 16; i++) {
        int third = stored[from + inQuarter + i] >> (sub / 2) & 1;
        int q = (stored[pairs + i] >> shift & 3) + 4 * third - 4;
        out[to + sub * 16 + i] = scale * q;
      }
    }
  }

  /// Six bits: the low four of sub-blocks 0 to 7 in the low nibbles of bytes 0 to 7, of 8 to 15 in
  /// the high ones; the high two in bytes 8 to 11, those of sub-block `s` in pair `s / 4` of byte
  /// `8 + s % 4`.
  private static int q3kScale(byte[] stored, int at, int sub) {
    int low = stored[at + sub % 8] >> (sub / 8 * 4) & 0xF;
    int high = stored[at + 8 + sub % 4] >> (sub / 4 * 2) & 3;
    return low | high << 4;
  }

  /// `x = (d * scale) * q - (dmin * min)` in 8 sub-blocks of 32: d, dmin, 12 bytes of six-bit
  /// scales and minima, then 128 bytes of nibbles; 32 bytes hold one sub-block (low) and the next
  /// (high).
  static void q4k(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    float dmin = Dequantizer.half(stored, from + 2);
    for (int sub = 0; sub < 8; sub++) {
      float scale = d * scale(stored, from + 4, sub);
      float min = dmin * minimum(stored, from + 4, sub);
      int nibbles = from + 16 + sub / 2 * 32;
      int shift = sub % 2 * 4;
      for (int i = 0; i < 32; i++) {
        int q = stored[nibbles + i] >> shift & 0xF;
        out[to + sub * 32 + i] = scale * q - min;
      }
    }
  }

  /// As [#q4k] with a fifth bit: before the nibbles 32 bytes, of which bit `sub` of byte `i`
  /// belongs to number `i` of sub-block `sub`.
  static void q5k(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    float dmin = Dequantizer.half(stored, from + 2);
    for (int sub = 0; sub < 8; sub++) {
      float scale = d * scale(stored, from + 4, sub);
      float min = dmin * minimum(stored, from + 4, sub);
      int nibbles = from + 48 + sub / 2 * 32;
      int shift = sub % 2 * 4;
      for (int i = 0; i < 32; i++) {
        int q = (stored[nibbles + i] >> shift & 0xF) | (stored[from + 16 + i] >> sub & 1) << 4;
        out[to + sub * 32 + i] = scale * q - min;
      }
    }
  }

  /// `x = (d * scale) * (q - 32)` in 16 sub-blocks of 16: 128 bytes of low nibbles, 64 bytes of
  /// upper bit pairs, 16 signed scales, d. Each half of the block has 64 bytes of nibbles and 32 of
  /// pairs.
  static void q6k(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from + 208);
    for (int sub = 0; sub < 16; sub++) {
      float scale = d * stored[from + 192 + sub];
      int half = sub / 8;
      int quarter = sub % 8 / 2; // 32 numbers of the half
      int inQuarter = sub % 2 * 16;
      int nibbles = from + half * 64 + quarter % 2 * 32 + inQuarter;
      int nibbleShift = quarter / 2 * 4;
      int pairs = from + 128 + half * 32 + inQuarter;
      int pairShift = quarter * 2;
      for (int i = 0; i < 16; i++) {
        int q =
            (stored[nibbles + i] >> nibbleShift & 0xF) | (stored[pairs + i] >> pairShift & 3) << 4;
        out[to + sub * 16 + i] = scale * (q - 32);
      }
    }
  }

  /// Six bits: the first four sub-blocks' in bytes 0 to 3; of the others the low four bits in the
  /// low nibbles of bytes 8 to 11 and the high two above the scales of bytes 0 to 3.
  private static int scale(byte[] stored, int at, int sub) {
    return sub < 4
        ? stored[at + sub] & 0x3F
        : (stored[at + 4 + sub] & 0xF) | (stored[at + sub - 4] >> 2 & 0x30);
  }

  /// As [#scale], in bytes 4 to 7 and the high nibbles of bytes 8 to 11.
  private static int minimum(byte[] stored, int at, int sub) {
    return sub < 4
        ? stored[at + 4 + sub] & 0x3F
        : (stored[at + 4 + sub] >> 4 & 0xF) | (stored[at + sub] >> 2 & 0x30);
  }
}
