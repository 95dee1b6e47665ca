package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;

/// Reads 64 columns of a row of one quantised format, as the file has them.
///
/// `row` is the address of the row's first byte, `tile` counts 64 columns, and `blocks` says how
/// many blocks of 32 the row still has there: 2, or 1 at the end of a row.
abstract class BlockReader {
  static final long NIBBLES = 0x0F0F_0F0F_0F0F_0F0FL;
  static final long PAIRS = 0x0303_0303_0303_0303L;
  static final long ONES = 0x0101_0101_0101_0101L;

  /// Writes 64 codes as unsigned bytes in column order, 8 in a long.
  ///
  /// @param codes receives 8 longs, zeros for columns that the row has not
  abstract void codes(MemorySegment data, long row, int tile, int blocks, long[] codes);

  /// The row's entry in the plane of scales.
  abstract int scales(MemorySegment data, long row, int tile, int blocks);

  /// The row's minima, in formats of 32 that have them.
  int minima(MemorySegment data, long row, int tile, int blocks) {
    throw new UnsupportedOperationException("no minima in this format");
  }

  /// The row's entry in the plane of supers, for the 256 numbers that `tile` begins.
  int supers(MemorySegment data, long row, int tile) {
    throw new UnsupportedOperationException("no super-blocks in this format");
  }

  /// Two float16 numbers, of this block and of the next if there is one.
  static int halves(MemorySegment data, long at, int blockBytes, int blocks) {
    return Bytes.halfAt(data, at) | (blocks > 1 ? Bytes.halfAt(data, at + blockBytes) << 16 : 0);
  }

  /// The bits of a byte as the lowest bits of eight bytes.
  static long spread(int bits) {
    return SPREAD[bits & 0xFF];
  }

  private static final long[] SPREAD = spreadTable();

  private static long[] spreadTable() {
    long[] table = new long[256];
    for (int bits = 0; bits < table.length; bits++) {
      for (int i = 0; i < 8; i++) {
        table[bits] |= (long) (bits >> i & 1) << (8 * i);
      }
    }
    return table;
  }

  /// The reader of a quantised format.
  static BlockReader of(WeightFormat format) {
    return switch (format) {
      case F32, F16, BF16 -> throw new IllegalArgumentException(format + " has no blocks");
      case Q8_0 -> new SmallBlockReaders.Q8With0();
      case Q4_0 -> new SmallBlockReaders.Q4(18, 2, false);
      case Q4_1 -> new SmallBlockReaders.Q4(20, 4, true);
      case Q5_0 -> new SmallBlockReaders.Q5(22, 2, false);
      case Q5_1 -> new SmallBlockReaders.Q5(24, 4, true);
      case Q4_K -> new SuperBlockReaders.Q4K();
      case Q5_K -> new SuperBlockReaders.Q5K();
      case Q6_K -> new SuperBlockReaders.Q6K();
      case Q2_K -> new ShortCodeReaders.Q2K();
      case Q3_K -> new ShortCodeReaders.Q3K();
      case IQ4_NL -> new SmallBlockReaders.Q4(18, 2, false);
      case IQ4_XS -> new TableReaders.IQ4Small();
      case MXFP4 -> new TableReaders.MXFP4();
    };
  }
}
