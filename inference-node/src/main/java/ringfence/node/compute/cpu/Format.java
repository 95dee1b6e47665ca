package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.TensorType;

/// How numbers are read as a file stores them: each becomes the float32 that `Dequantizer` makes of
/// it.
///
/// One class a format. A new format is one more class and one more line in [#of]; [#pair] can wait.
interface Format {

  /// Writes `count` numbers.
  ///
  /// @param data holds the numbers from byte `offset` on
  /// @param count a multiple of the format's block size
  /// @param out receives them from index `at` on
  void unpack(MemorySegment data, long offset, int count, float[] out, int at);

  /// Whether [#pair] works here. It is written for vectors of sixteen numbers, and only where it
  /// pays: the compiler gives up on longer methods full of vectors, and then allocates each of them.
  default boolean pairs() {
    return false;
  }

  /// The products of two rows with one token, unpacked in registers: `DotTile`'s sums, bit for bit,
  /// in half the time, since no number goes through memory.
  ///
  /// @param first byte offset of a row
  /// @param second byte offset of another, or the same
  /// @param count numbers in a row
  /// @param token numbers from index `tokenAt` on
  /// @param scratch its `pair` receives the two products
  default void pair(
      MemorySegment data,
      long first,
      long second,
      int count,
      float[] token,
      int tokenAt,
      Scratch scratch) {
    throw new UnsupportedOperationException(getClass().getSimpleName());
  }

  /// The format of a type.
  static Format of(TensorType type) {
    return switch (type) {
      case F32 -> new FormatF32();
      case F16 -> new FormatF16();
      case BF16 -> new FormatBF16();
      case Q8_0 -> new FormatQ8With0();
      case Q4_0 -> new FormatQ4With0();
      case Q4_1 -> new FormatQ4With1();
      case Q5_0 -> new FormatQ5With0();
      case Q5_1 -> new FormatQ5With1();
      case Q4_K -> new FormatQ4K();
      case Q5_K -> new FormatQ5K();
      case Q6_K -> new FormatQ6K();
    };
  }
}
