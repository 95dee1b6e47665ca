package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Formats whose codes stand for the numbers of a table, and whose scales are no float16.
final class TableReaders {
  private TableReaders() {}

  private static void nibbles(MemorySegment data, long at, long[] codes, int to) {
    long low = Bytes.longAt(data, at);
    long high = Bytes.longAt(data, at + 8);
    codes[to] = low & BlockReader.NIBBLES;
    codes[to + 1] = high & BlockReader.NIBBLES;
    codes[to + 2] = low >>> 4 & BlockReader.NIBBLES;
    codes[to + 3] = high >>> 4 & BlockReader.NIBBLES;
  }

  /// The scale's exponent, then 16 bytes of nibbles.
  static final class MXFP4 extends BlockReader {
    private static final int BLOCK_BYTES = 17;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      for (int block = 0; block < blocks; block++) {
        nibbles(data, row + (2L * tile + block) * BLOCK_BYTES + 1, codes, 4 * block);
      }
      Arrays.fill(codes, 4 * blocks, 8, 0);
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      long at = row + 2L * tile * BLOCK_BYTES;
      int first = scale(Bytes.byteAt(data, at));
      return blocks > 1 ? first | scale(Bytes.byteAt(data, at + BLOCK_BYTES)) << 16 : first;
    }

    /// `2^(exponent - 128)` as a bfloat16; the lowest two are subnormal.
    private static int scale(int exponent) {
      return exponent < 2 ? 0x0020 << exponent : (exponent - 1) << 7;
    }
  }

  /// d, two bytes with the high two bits of eight scales, four with the low four, then nibbles.
  static final class IQ4Small extends BlockReader {
    private static final int BLOCK_BYTES = 136;
    private static final int TILES = Plane.SUPERS.tilesAnEntry();

    private static long block(long row, int tile) {
      return row + (long) (tile / TILES) * BLOCK_BYTES;
    }

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      long at = block(row, tile) + 8 + 32L * (tile % TILES);
      nibbles(data, at, codes, 0);
      nibbles(data, at + 16, codes, 4);
    }

    /// Two signed bytes.
    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      long at = block(row, tile);
      int quarter = tile % TILES;
      int low = Bytes.byteAt(data, at + 4 + quarter);
      int high = Bytes.halfAt(data, at + 2) >>> (4 * quarter);
      int two = (low & 0xF) | (low >>> 4) << 8 | (high & 3) << 4 | (high >>> 2 & 3) << 12;
      return ShortCodeReaders.lessThirtyTwo(two) & 0xFFFF;
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.halfAt(data, block(row, tile));
    }
  }
}
