package ringfence.node.bench.kernels;

import java.util.Random;
import ringfence.node.gguf.TensorType;

/// Stored numbers like a model's: spread around zero, scales of a block near each other.
final class RandomMatrix {
  private RandomMatrix() {}

  /// The bytes of `[rows, columns]` numbers.
  static byte[] stored(TensorType type, int rows, int columns, Random random) {
    byte[] bytes = new byte[Math.toIntExact(type.bytes((long) rows * columns))];
    random.nextBytes(bytes);
    for (int at = 0; at < bytes.length; at += type.blockBytes()) {
      float d = 0.01f * (0.5f + random.nextFloat());
      switch (type) {
        case F32 -> word(bytes, at, Float.floatToRawIntBits((float) random.nextGaussian()));
        case F16 -> half(bytes, at, (float) random.nextGaussian());
        case BF16 -> {
          int bits = Float.floatToRawIntBits((float) random.nextGaussian());
          bytes[at] = (byte) (bits >>> 16);
          bytes[at + 1] = (byte) (bits >>> 24);
        }
        case Q8_0, Q4_0, Q5_0 -> half(bytes, at, random.nextBoolean() ? d : -d);
        case IQ4_NL -> half(bytes, at, d / 16);
        case Q4_1 -> withMinimum(bytes, at, d, -7.5f * d);
        case Q5_1 -> withMinimum(bytes, at, d, -15.5f * d);
        case Q4_K -> withMinimum(bytes, at, d / 32, 7.5f * d / 32);
        case Q5_K -> withMinimum(bytes, at, d / 32, 15.5f * d / 32);
        case Q6_K -> half(bytes, at + 208, d / 64);
        case Q2_K -> withMinimum(bytes, at + 80, d / 8, 1.5f * d / 8);
        case Q3_K -> half(bytes, at + 108, d / 16);
        case IQ4_XS -> half(bytes, at, d / 256);
        case MXFP4 -> bytes[at] = (byte) (118 + random.nextInt(6));
      }
    }
    return bytes;
  }

  private static void withMinimum(byte[] bytes, int at, float d, float minimum) {
    half(bytes, at, d);
    half(bytes, at + 2, minimum);
  }

  private static void half(byte[] bytes, int at, float value) {
    short bits = Float.floatToFloat16(value);
    bytes[at] = (byte) bits;
    bytes[at + 1] = (byte) (bits >> 8);
  }

  private static void word(byte[] bytes, int at, int value) {
    for (int i = 0; i < 4; i++) {
      bytes[at + i] = (byte) (value >>> (8 * i));
    }
  }
}
