package ringfence.node.gguf;

/// Blocks whose four-bit codes stand for numbers of a table. Byte `i` of 16 holds the codes of
/// numbers `i` (low) and `i + 16` (high) of 32.
final class TableBlocks {
  /// What the codes of IQ4_NL and IQ4_XS stand for (`kvalues_iq4nl` of ggml): steps that grow with
  /// the distance from 0.
  private static final byte[] NON_LINEAR = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /// Twice the numbers of FP4 E2M1 (Open Compute Project, Microscaling Formats 1.0, 5.3.3), which
  /// are whole; -0 is 0.
  private static final byte[] TWICE_E2M1 = {
    0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12
  };

  private TableBlocks() {}

  /// `x = d * table[q]`: d, then 16 bytes of codes.
  static void iq4nl(byte[] stored, int from, float[] out, int to) {
    codes(NON_LINEAR, Dequantizer.half(stored, from), stored, from + 2, out, to);
  }

  /// `x = (d * (scale - 32)) * table[q]` in 8 sub-blocks of 32: d, two bytes with the high two bits
  /// of the scales, four bytes with the low four, then 128 bytes of codes.
  static void iq4xs(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    int high = Dequantizer.shortAt(stored, from + 2);
    for (int sub = 0; sub < 8; sub++) {
      int low = stored[from + 4 + sub / 2] >> (sub % 2 * 4) & 0xF;
      float scale = d * ((low | (high >> (2 * sub) & 3) << 4) - 32);
      codes(NON_LINEAR, scale, stored, from + 8 + 16 * sub, out, to + 32 * sub);
    }
  }

  /// `x = 2^(e - 128) * table[q]`, the table being twice E2M1: e, then 16 bytes of codes.
  static void mxfp4(byte[] stored, int from, float[] out, int to) {
    codes(TWICE_E2M1, halfOfE8M0(stored[from] & 0xFF), stored, from + 1, out, to);
  }

  /// `2^(e - 128)`; the lowest two are subnormal.
  private static float halfOfE8M0(int exponent) {
    return Float.intBitsToFloat(exponent < 2 ? 0x00200000 << exponent : (exponent - 1) << 23);
  }

  private static void codes(
      byte[] table, float scale, byte[] stored, int from, float[] out, int to) {
    for (int i = 0; i < 16; i++) {
      int both = stored[from + i];
      out[to + i] = scale * table[both & 0xF];
      out[to + 16 + i] = scale * table[both >> 4 & 0xF];
    }
  }
}
