package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.TensorType;

/// Turns numbers as a file stores them into float32, exactly as ggml's layout defines them: each is
/// rounded where `Dequantizer` rounds, so both give the same bits.
///
/// One class a format. A new format is one more class and one more line in [#of].
interface Unpacker {

  /// Writes `count` numbers.
  ///
  /// @param data holds the numbers from byte `offset` on
  /// @param count a multiple of the format's block size
  /// @param out receives them from index `at` on
  void unpack(MemorySegment data, long offset, int count, float[] out, int at);

  /// The unpacker of a format.
  static Unpacker of(TensorType type) {
    return switch (type) {
      case F32 -> new UnpackF32();
      case F16 -> new UnpackF16();
      case BF16 -> new UnpackBF16();
      case Q8_0 -> new UnpackQ8With0();
      case Q4_0 -> new UnpackQ4With0();
      case Q4_1 -> new UnpackQ4With1();
      case Q5_0 -> new UnpackQ5With0();
      case Q5_1 -> new UnpackQ5With1();
      case Q4_K -> new UnpackQ4K();
      case Q5_K -> new UnpackQ5K();
      case Q6_K -> new UnpackQ6K();
    };
  }
}
