package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.TensorType;

/// How numbers are read as a file stores them: each becomes the float32 that `Dequantizer` makes of
/// it.
///
/// One class a format. A new format is one more class and one more line in [#of].
interface Format {

  /// Writes `count` numbers.
  ///
  /// @param data holds the numbers from byte `offset` on
  /// @param count a multiple of the format's block size
  /// @param out receives them from index `at` on
  void unpack(MemorySegment data, long offset, int count, float[] out, int at);

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
      case Q2_K -> new FormatQ2K();
      case Q3_K -> new FormatQ3K();
      case Q4_K -> new FormatQ4K();
      case Q5_K -> new FormatQ5K();
      case Q6_K -> new FormatQ6K();
      case IQ4_NL -> new FormatIQ4NonLinear();
      case IQ4_XS -> new FormatIQ4Small();
      case MXFP4 -> new FormatMXFP4();
    };
  }
}
