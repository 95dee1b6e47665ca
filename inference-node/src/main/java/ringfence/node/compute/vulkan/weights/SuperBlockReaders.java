package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;

/// Formats of 256 numbers a block, four tiles wide.
final class SuperBlockReaders {
  private static final int TILES = Plane.SUPERS.tilesAnEntry();

  private SuperBlockReaders() {}

  private static long block(long row, int tile, int blockBytes) {
    return row + (long) (tile / TILES) * blockBytes;
  }

  /// Two sub-blocks of 32 whose codes are the low and the high nibbles of 32 bytes.
  private static void nibbles(MemorySegment data, long at, long[] codes) {
    for (int i = 0; i < 4; i++) {
      long both = Bytes.longAt(data, at + 8L * i);
      codes[i] = both & BlockReader.NIBBLES;
      codes[4 + i] = both >>> 4 & BlockReader.NIBBLES;
    }
  }

  /// `scale, scale, minimum, minimum` of the tile's two sub-blocks, from 12 bytes that hold eight
  /// times two six-bit numbers.
  private static int sixBits(MemorySegment data, long at, int tile) {
    int quarter = tile % TILES;
    int first = Bytes.halfAt(data, at + 2L * (quarter & 1));
    int second = Bytes.halfAt(data, at + 4 + 2L * (quarter & 1));
    if (quarter < 2) {
      return (first & 0x3F3F) | (second & 0x3F3F) << 16;
    }
    int third = Bytes.halfAt(data, at + 8 + 2L * (quarter & 1));
    int scales = (third & 0x0F0F) | (first >> 2 & 0x3030);
    int minima = (third >> 4 & 0x0F0F) | (second >> 2 & 0x3030);
    return scales | minima << 16;
  }

  /// d, dmin, six-bit scales, nibbles.
  static final class Q4K extends BlockReader {
    private static final int BLOCK_BYTES = 144;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      SuperBlockReaders.nibbles(
          data, block(row, tile, BLOCK_BYTES) + 16 + 32L * (tile % TILES), codes);
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return sixBits(data, block(row, tile, BLOCK_BYTES) + 4, tile);
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.intAt(data, block(row, tile, BLOCK_BYTES));
    }
  }

  /// d, dmin, six-bit scales, fifth bits (bit `sub` of byte `i` is number `i`'s of sub-block
  /// `sub`), nibbles.
  static final class Q5K extends BlockReader {
    private static final int BLOCK_BYTES = 176;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      long at = block(row, tile, BLOCK_BYTES);
      int sub = 2 * (tile % TILES);
      SuperBlockReaders.nibbles(data, at + 48 + 16L * sub, codes);
      for (int i = 0; i < 4; i++) {
        long fifth = Bytes.longAt(data, at + 16 + 8L * i) >>> sub;
        codes[i] |= (fifth & ONES) << 4;
        codes[4 + i] |= (fifth >>> 1 & ONES) << 4;
      }
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return sixBits(data, block(row, tile, BLOCK_BYTES) + 4, tile);
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.intAt(data, block(row, tile, BLOCK_BYTES));
    }
  }

  /// Nibbles, upper pairs, 16 signed scales, d. Each half of the block has 64 bytes of nibbles and
  /// 32 of pairs; its first tile takes the low nibbles, its second the high ones.
  static final class Q6K extends BlockReader {
    private static final int BLOCK_BYTES = 210;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      long at = block(row, tile, BLOCK_BYTES);
      int half = tile % TILES / 2;
      int high = tile % 2;
      for (int i = 0; i < 4; i++) {
        long pairs = Bytes.longAt(data, at + 128 + 32L * half + 8L * i) >>> (4 * high);
        long left = Bytes.longAt(data, at + 64L * half + 8L * i) >>> (4 * high);
        long right = Bytes.longAt(data, at + 64L * half + 32 + 8L * i) >>> (4 * high);
        codes[i] = (left & NIBBLES) | (pairs & PAIRS) << 4;
        codes[4 + i] = (right & NIBBLES) | (pairs >>> 2 & PAIRS) << 4;
      }
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return Bytes.intAt(data, block(row, tile, BLOCK_BYTES) + 192 + 4L * (tile % TILES));
    }

    @Override
    int supers(MemorySegment data, long row, int tile) {
      return Bytes.halfAt(data, block(row, tile, BLOCK_BYTES) + 208);
    }
  }
}
