package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;

/// The eight scales and eight minima of six bits that Q4_K and Q5_K keep in 12 bytes: those of the
/// first four sub-blocks lie in the low bits of bytes 0 - 3 and 4 - 7; the others have their low
/// four bits in bytes 8 - 11 (scale low, minimum high) and their high two above the first ones.
final class SixBits {
  private static final int LOW_SIX = 0x3F3F3F3F;
  private static final int LOW_FOUR = 0x0F0F0F0F;
  private static final int HIGH_TWO = 0x30303030;

  private SixBits() {}

  /// Writes a block's eight `d * scale` and then its eight `dmin * minimum`: the block starts with
  /// the halves d and dmin and these 12 bytes.
  static void read(MemorySegment data, long block, float[] out) {
    int halves = Stored.int32(data, block);
    float d = Stored.lowerHalf(halves);
    float dmin = Stored.upperHalf(halves);
    long scales = scales(data, block);
    long minima = minima(data, block);
    for (int sub = 0; sub < 8; sub++) {
      out[sub] = d * (scales >>> (8 * sub) & 0xFF);
      out[8 + sub] = dmin * (minima >>> (8 * sub) & 0xFF);
    }
  }

  /// A block's eight scales, each in a byte, the first in the lowest.
  static long scales(MemorySegment data, long block) {
    return together(Stored.int32(data, block + 4), Stored.int32(data, block + 12));
  }

  /// A block's eight minima, likewise.
  static long minima(MemorySegment data, long block) {
    return together(Stored.int32(data, block + 8), Stored.int32(data, block + 12) >>> 4);
  }

  private static long together(int first, int others) {
    int last = (others & LOW_FOUR) | (first >>> 2 & HIGH_TWO);
    return (first & LOW_SIX) | (long) last << 32;
  }
}
