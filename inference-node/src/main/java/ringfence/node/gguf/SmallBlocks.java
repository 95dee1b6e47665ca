package ringfence.node.gguf;

/// Blocks of 32 numbers with a scale, and in the `_1` formats a minimum. In those of 4 and 5 bits,
/// byte `i` of the nibbles holds numbers `i` (low) and `i + 16` (high).
final class SmallBlocks {
  private static final int HALF_BLOCK = 16;

  private SmallBlocks() {}

  /// `x = d * q`, q from -128 to 127: d, then 32 bytes.
  static void q8With0(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    for (int i = 0; i < 2 * HALF_BLOCK; i++) {
      out[to + i] = stored[from + 2 + i] * d;
    }
  }

  /// `x = d * (q - 8)`: d, then 16 bytes of nibbles.
  static void q4With0(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    for (int i = 0; i < HALF_BLOCK; i++) {
      int nibbles = stored[from + 2 + i] & 0xFF;
      out[to + i] = d * ((nibbles & 0xF) - 8);
      out[to + HALF_BLOCK + i] = d * ((nibbles >> 4) - 8);
    }
  }

  /// `x = d * q + m`: d, m, then 16 bytes of nibbles.
  static void q4With1(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    float m = Dequantizer.half(stored, from + 2);
    for (int i = 0; i < HALF_BLOCK; i++) {
      int nibbles = stored[from + 4 + i] & 0xFF;
      out[to + i] = d * (nibbles & 0xF) + m;
      out[to + HALF_BLOCK + i] = d * (nibbles >> 4) + m;
    }
  }

  /// `x = d * (q - 16)`: d, 32 fifth bits, then 16 bytes of nibbles.
  static void q5With0(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    int fifth = fifthBits(stored, from + 2);
    for (int i = 0; i < HALF_BLOCK; i++) {
      int nibbles = stored[from + 6 + i] & 0xFF;
      out[to + i] = d * (((nibbles & 0xF) | (fifth >>> i & 1) << 4) - 16);
      out[to + HALF_BLOCK + i] =
          d * (((nibbles >> 4) | (fifth >>> (HALF_BLOCK + i) & 1) << 4) - 16);
    }
  }

  /// `x = d * q + m`: d, m, 32 fifth bits, then 16 bytes of nibbles.
  static void q5With1(byte[] stored, int from, float[] out, int to) {
    float d = Dequantizer.half(stored, from);
    float m = Dequantizer.half(stored, from + 2);
    int fifth = fifthBits(stored, from + 4);
    for (int i = 0; i < HALF_BLOCK; i++) {
      int nibbles = stored[from + 8 + i] & 0xFF;
      out[to + i] = d * ((nibbles & 0xF) | (fifth >>> i & 1) << 4) + m;
      out[to + HALF_BLOCK + i] = d * ((nibbles >> 4) | (fifth >>> (HALF_BLOCK + i) & 1) << 4) + m;
    }
  }

  private static int fifthBits(byte[] stored, int at) {
    return (Dequantizer.shortAt(stored, at) & 0xFFFF) | Dequantizer.shortAt(stored, at + 2) << 16;
  }
}
