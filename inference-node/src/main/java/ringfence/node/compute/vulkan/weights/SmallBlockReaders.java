package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Formats of 32 numbers a block. With four or five bits, byte `i` of the nibbles holds numbers `i`
/// (low) and `i + 16` (high).
final class SmallBlockReaders {
  private SmallBlockReaders() {}

  /// Scale, then 32 signed bytes.
  static final class Q8With0 extends BlockReader {
    private static final int BLOCK_BYTES = 34;

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      long at = row + 2L * tile * BLOCK_BYTES + 2;
      for (int block = 0; block < blocks; block++) {
        for (int i = 0; i < 4; i++) {
          codes[4 * block + i] = Bytes.longAt(data, at + (long) block * BLOCK_BYTES + 8L * i);
        }
      }
      Arrays.fill(codes, 4 * blocks, 8, 0);
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return halves(data, row + 2L * tile * BLOCK_BYTES, BLOCK_BYTES, blocks);
    }
  }

  /// Scale, perhaps minimum, then 16 bytes of nibbles.
  static class Q4 extends BlockReader {
    private final int blockBytes;
    private final int nibbles;
    private final boolean withMinimum;

    /// @param nibbles their offset in the block
    Q4(int blockBytes, int nibbles, boolean withMinimum) {
      this.blockBytes = blockBytes;
      this.nibbles = nibbles;
      this.withMinimum = withMinimum;
    }

    final long block(long row, int tile, int block) {
      return row + (2L * tile + block) * blockBytes;
    }

    final void nibbles(MemorySegment data, long at, long[] codes, int to) {
      long low = Bytes.longAt(data, at);
      long high = Bytes.longAt(data, at + 8);
      codes[to] = low & NIBBLES;
      codes[to + 1] = high & NIBBLES;
      codes[to + 2] = low >>> 4 & NIBBLES;
      codes[to + 3] = high >>> 4 & NIBBLES;
    }

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      for (int block = 0; block < blocks; block++) {
        nibbles(data, block(row, tile, block) + nibbles, codes, 4 * block);
      }
      Arrays.fill(codes, 4 * blocks, 8, 0);
    }

    @Override
    int scales(MemorySegment data, long row, int tile, int blocks) {
      return halves(data, block(row, tile, 0), blockBytes, blocks);
    }

    @Override
    int minima(MemorySegment data, long row, int tile, int blocks) {
      return withMinimum
          ? halves(data, block(row, tile, 0) + 2, blockBytes, blocks)
          : super.minima(data, row, tile, blocks);
    }
  }

  /// As [Q4] with 32 fifth bits before the nibbles.
  static final class Q5 extends Q4 {
    private final int fifth;

    /// @param fifth the fifth bits' offset in the block
    Q5(int blockBytes, int fifth, boolean withMinimum) {
      super(blockBytes, fifth + 4, withMinimum);
      this.fifth = fifth;
    }

    @Override
    void codes(MemorySegment data, long row, int tile, int blocks, long[] codes) {
      super.codes(data, row, tile, blocks, codes);
      for (int block = 0; block < blocks; block++) {
        int bits = Bytes.intAt(data, block(row, tile, block) + fifth);
        for (int i = 0; i < 4; i++) {
          codes[4 * block + i] |= spread(bits >>> (8 * i)) << 4;
        }
      }
    }
  }
}
