package ringfence.node.compute.cpu;

import java.util.Random;
import ringfence.node.gguf.TensorType;

/// Stored numbers of any format with scales near one: random bytes, but every 16-bit float is
/// between 2^-3 and 2 in size.
final class RandomBlocks {
  private RandomBlocks() {}

  /// `before` bytes of nothing, then `blocks` blocks.
  static byte[] of(TensorType type, int blocks, int before, Random random) {
    byte[] bytes = new byte[before + blocks * type.blockBytes()];
    random.nextBytes(bytes);
    for (int block = 0; block < blocks; block++) {
      int at = before + block * type.blockBytes();
      switch (type) {
        case F32 -> tame(bytes, at + 3, 0x3F, random);
        case BF16 -> tame(bytes, at + 1, 0x3F, random);
        case F16, Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> tame(bytes, at + 1, 0x38, random);
        case Q4_1, Q5_1, Q4_K, Q5_K -> {
          tame(bytes, at + 1, 0x38, random);
          tame(bytes, at + 3, 0x38, random);
        }
        case Q2_K -> {
          tame(bytes, at + 81, 0x38, random);
          tame(bytes, at + 83, 0x38, random);
        }
        case Q3_K -> tame(bytes, at + 109, 0x38, random);
        case MXFP4 -> bytes[at] = (byte) (126 + random.nextInt(3));
        case Q6_K -> tame(bytes, at + 209, 0x38, random);
      }
    }
    return bytes;
  }

  /// Makes the upper byte of a float one of a number near one, of either sign.
  private static void tame(byte[] bytes, int upper, int exponent, Random random) {
    bytes[upper] = (byte) (exponent | (random.nextBoolean() ? 0x80 : 0));
  }
}
