package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;

/// Super-blocks of 256 numbers with two or three bits each. Each half of a block has 32 bytes of
/// bit pairs; pair `p` of byte `i` is number `32 p + i` of the half, so a tile takes two of them.
final class ShortCodeReaders {
  private static final int TILES = Plane.SUPERS.tilesAnEntry();

  private ShortCodeReaders() {}

  private static long block(long row, int tile, int blockBytes) {
    return row + (long) (tile / TILES) * blockBytes;
  }

  /// @param at the block's first bit pairs
  private static void pairs(MemorySegment data, long at, int tile, long[] codes) {
    int half = tile % TILES / 2;
    int shift = tile % 2 * 4;
    for (int i = 0; i < 4; i++) {
      long pairs = Bytes.longAt(data, at + 32L * half + 8L * i) >>> shift;
      codes[i] = pairs & BlockReader.PAIRS;
      codes[4 + i] = pairs >>> 2 & BlockReader.PAIRS;
    }
  }

  /// Scales and minima of 16 numbers, bit pairs, d, dmin.
  static final class Q2K extends BlockReader {
    private static final int BLOCK_BYTES = 84;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      pairs(data, block(row, tile, BLOCK_BYTES) + 16, tile, codes);
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return Bytes.intAt(data, block(row, tile, BLOCK_BYTES) + 4L * (tile % TILES));
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.intAt(data, block(row, tile, BLOCK_BYTES) + 80);
    }
  }

  /// Third bits (bit `b` of byte `i` is number `32 b + i`'s), bit pairs, 12 bytes of six-bit
  /// scales, d.
  static final class Q3K extends BlockReader {
    private static final int BLOCK_BYTES = 110;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      long at = block(row, tile, BLOCK_BYTES);
      pairs(data, at + 32, tile, codes);
      int bit = 2 * (tile % TILES);
      for (int i = 0; i < 4; i++) {
        long third = Bytes.longAt(data, at + 8L * i) >>> bit;
        codes[i] |= (third & ONES) << 2;
        codes[4 + i] |= (third >>> 1 & ONES) << 2;
      }
    }

    /// The low four bits of sub-blocks 0 to 7 and 8 to 15 are the nibbles of eight bytes, the high
    /// two those of four: pair `p` of byte `i` is sub-block `4 p + i`'s. Less 32, as signed bytes.
    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      long at = block(row, tile, BLOCK_BYTES) + 96;
      int quarter = tile % TILES;
      int low = Bytes.intAt(data, at + 4L * (quarter % 2)) >>> (4 * (quarter / 2)) & 0x0F0F_0F0F;
      int high = Bytes.intAt(data, at + 8) >>> (2 * quarter) & 0x0303_0303;
      return lessThirtyTwo(low | high << 4);
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.halfAt(data, block(row, tile, BLOCK_BYTES) + 108);
    }
  }

  /// Four six-bit numbers, less 32 each: the sixth bit turns around and is carried on to the two
  /// above it.
  static int lessThirtyTwo(int four) {
    int turned = four ^ 0x2020_2020;
    int sign = turned & 0x2020_2020;
    return turned | sign << 1 | sign << 2;
  }
}
