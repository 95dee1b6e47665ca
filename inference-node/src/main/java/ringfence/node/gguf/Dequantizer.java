package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Stored numbers to float32, bit for bit as PyPI `gguf` has them: the same operations in the same
/// order, each rounded to float32.
public final class Dequantizer {
  private Dequantizer() {}

  /// Dequantises part of a row, or several rows in one go where they lie one after the other.
  ///
  /// @param bytes holds `type.bytes(count)` bytes from `byteOffset`, which is the start of a block
  /// @param count numbers to make; a multiple of the type's block size
  /// @throws IllegalArgumentException when it is no multiple
  /// @throws IndexOutOfBoundsException when the bytes or `out` are too short
  public static void row(
      TensorType type,
      MemorySegment bytes,
      long byteOffset,
      float[] out,
      int outOffset,
      int count) {
    if (count % type.blockSize() != 0) {
      throw new IllegalArgumentException(
          count + " numbers are no whole blocks of " + type.blockSize());
    }
    if (type == TensorType.F32) {
      MemorySegment.copy(bytes, HeaderCursor.FLOAT, byteOffset, out, outOffset, count);
      return;
    }
    byte[] stored = new byte[Math.toIntExact(type.bytes(count))];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, byteOffset, stored, 0, stored.length);
    int blocks = count / type.blockSize();
    for (int block = 0; block < blocks; block++) {
      int from = block * type.blockBytes();
      int to = outOffset + block * type.blockSize();
      switch (type) {
        case F32 -> throw new IllegalStateException("done above");
        case F16 -> out[to] = half(stored, from);
        case BF16 -> out[to] = Float.intBitsToFloat(shortAt(stored, from) << 16);
        case Q8_0 -> SmallBlocks.q8With0(stored, from, out, to);
        case Q4_0 -> SmallBlocks.q4With0(stored, from, out, to);
        case Q4_1 -> SmallBlocks.q4With1(stored, from, out, to);
        case Q5_0 -> SmallBlocks.q5With0(stored, from, out, to);
        case Q5_1 -> SmallBlocks.q5With1(stored, from, out, to);
        case Q2_K -> SuperBlocks.q2k(stored, from, out, to);
        case Q3_K -> SuperBlocks.q3k(stored, from, out, to);
        case Q4_K -> SuperBlocks.q4k(stored, from, out, to);
        case Q5_K -> SuperBlocks.q5k(stored, from, out, to);
        case Q6_K -> SuperBlocks.q6k(stored, from, out, to);
        case IQ4_NL -> TableBlocks.iq4nl(stored, from, out, to);
        case IQ4_XS -> TableBlocks.iq4xs(stored, from, out, to);
        case MXFP4 -> TableBlocks.mxfp4(stored, from, out, to);
      }
    }
  }

  /// All numbers of a row of a tensor.
  ///
  /// @param out receives `tensor.columns()` numbers from `outOffset`
  public static void row(Tensor tensor, long row, float[] out, int outOffset) {
    row(
        tensor.type(),
        tensor.data(),
        row * tensor.rowBytes(),
        out,
        outOffset,
        Math.toIntExact(tensor.columns()));
  }

  static int shortAt(byte[] stored, int at) {
    return (stored[at] & 0xFF) | (stored[at + 1] << 8);
  }

  static float half(byte[] stored, int at) {
    return Float.float16ToFloat((short) shortAt(stored, at));
  }
}
