package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Packs codes and scales of the quantised formats, two rows (`g` and `g + 8` of a tile) at a time,
/// eight codes in a long.
final class QuantisedTiles {
  private static final int HALF_TILE = WeightLayout.TILE_ROWS / 2;
  private static final int STEPS = 4;
  private static final int LANE_BYTES = 16;
  private static final int VECTOR_BYTES = 32 * LANE_BYTES;

  private final WeightLayout layout;
  private final MemorySegment data;
  private final @Nullable BlockReader reader;
  private final long rowBytes;
  private final int codeBytes;
  private final int upperBytes;
  private final int scaleBytes;
  private final int superBytes;
  private final boolean minima;

  // Codes of rows g and g + 8: in column order, then per step and half (t = 0, 1 and t = 2, 3) in
  // the device's order.
  private final long[] columns = new long[8];
  private final long[][] codes = new long[2][8];

  QuantisedTiles(WeightLayout layout, MemorySegment data) {
    WeightFormat format = layout.format();
    this.layout = layout;
    this.data = data;
    this.reader = format.quantised() ? BlockReader.of(format) : null;
    this.rowBytes = format.type().bytes(layout.columns());
    this.codeBytes = format.bytes(Plane.CODES);
    this.upperBytes = format.bytes(Plane.UPPER);
    this.scaleBytes = format.bytes(Plane.SCALES);
    this.superBytes = format.bytes(Plane.SUPERS);
    this.minima = scaleBytes == 128;
  }

  /// The last four say where this row of tiles begins in each plane.
  void pack(
      int rowTile,
      MemorySegment out,
      long codePlane,
      long upperPlane,
      long scalePlane,
      long superPlane) {
    BlockReader from = reader;
    if (from == null) {
      throw new IllegalStateException(layout.format() + " has no blocks");
    }
    int tiles = layout.columnTiles();
    for (int tile = 0; tile < tiles; tile++) {
      int blocks = Math.min(2, (layout.columns() - tile * WeightLayout.TILE_COLUMNS) / 32);
      for (int g = 0; g < HALF_TILE; g++) {
        for (int half = 0; half < 2; half++) {
          int row = rowTile * WeightLayout.TILE_ROWS + g + half * HALF_TILE;
          long rowAt = row * rowBytes;
          boolean exists = row < layout.rows();
          long scaleAt =
              scalePlane
                  + (long) tile * scaleBytes
                  + (long) g * (scaleBytes / 8)
                  + (scaleBytes == 32 ? 2L : 4L) * half;
          if (exists) {
            from.codes(data, rowAt, tile, blocks, columns);
            interleave(columns, codes[half]);
          } else {
            Arrays.fill(codes[half], 0);
          }
          int scales = exists ? from.scales(data, rowAt, tile, blocks) : 0;
          if (scaleBytes == 32) {
            Bytes.putHalf(out, scaleAt, scales);
          } else {
            Bytes.putInt(out, scaleAt, scales);
          }
          if (minima) {
            Bytes.putInt(out, scaleAt + 8, exists ? from.minima(data, rowAt, tile, blocks) : 0);
          }
          if (superBytes > 0 && tile % Plane.SUPERS.tilesAnEntry() == 0) {
            int supers = exists ? from.supers(data, rowAt, tile) : 0;
            long entry = superPlane + (long) (tile / Plane.SUPERS.tilesAnEntry()) * superBytes;
            if (superBytes == 64) {
              Bytes.putInt(out, entry + 8L * g + 4L * half, supers);
            } else {
              Bytes.putHalf(out, entry + 4L * g + 2L * half, supers);
            }
          }
        }
        long codesAt = codePlane + (long) tile * codeBytes + 64L * g;
        int low = 4;
        if (codeBytes == 2 * VECTOR_BYTES) {
          bytes(out, codesAt);
        } else if (codeBytes == VECTOR_BYTES) {
          nibbles(out, codesAt);
        } else {
          low = 2;
          bitPairs(out, codePlane + (long) tile * codeBytes + 32L * g, 0);
        }
        long upperAt = upperPlane + (long) tile * upperBytes;
        if (upperBytes == 128) {
          singleBits(out, upperAt + 16L * g, low);
        } else if (upperBytes == 256) {
          bitPairs(out, upperAt + 32L * g, low);
        }
      }
    }
  }

  /// Column order to the device's: step `s` of 16 columns is two longs, whose bytes alternate.
  private static void interleave(long[] columns, long[] codes) {
    for (int step = 0; step < STEPS; step++) {
      long left = columns[2 * step];
      long right = columns[2 * step + 1];
      codes[2 * step] = apart(left & 0xFFFF_FFFFL) | apart(right & 0xFFFF_FFFFL) << 8;
      codes[2 * step + 1] = apart(left >>> 32) | apart(right >>> 32) << 8;
    }
  }

  /// Four bytes to the even bytes of a long.
  private static long apart(long four) {
    long two = (four | four << 16) & 0x0000_FFFF_0000_FFFFL;
    return (two | two << 8) & 0x00FF_00FF_00FF_00FFL;
  }

  private void nibbles(MemorySegment out, long at) {
    long[] upper = codes[0];
    long[] lower = codes[1];
    for (int half = 0; half < 2; half++) {
      for (int steps = 0; steps < STEPS; steps += 2) {
        int i = 2 * steps + half;
        long first = (upper[i] & BlockReader.NIBBLES) | (lower[i] & BlockReader.NIBBLES) << 4;
        long second =
            (upper[i + 2] & BlockReader.NIBBLES) | (lower[i + 2] & BlockReader.NIBBLES) << 4;
        long to = at + 2L * half * LANE_BYTES + 4L * steps;
        Bytes.putLong(out, to, (first & 0xFFFF_FFFFL) | second << 32);
        Bytes.putLong(out, to + LANE_BYTES, first >>> 32 | (second & 0xFFFF_FFFF_0000_0000L));
      }
    }
  }

  private void bytes(MemorySegment out, long at) {
    for (int half = 0; half < 2; half++) {
      for (int step = 0; step < STEPS; step++) {
        long upper = codes[0][2 * step + half];
        long lower = codes[1][2 * step + half];
        long to = at + (long) (step / 2) * VECTOR_BYTES + 2L * half * LANE_BYTES + 8L * (step % 2);
        Bytes.putLong(out, to, (upper & 0xFFFF_FFFFL) | lower << 32);
        Bytes.putLong(out, to + LANE_BYTES, upper >>> 32 | (lower & 0xFFFF_FFFF_0000_0000L));
      }
    }
  }

  /// @param bit which of the codes' bits
  private void singleBits(MemorySegment out, long at, int bit) {
    for (int half = 0; half < 2; half++) {
      long bits = 0;
      for (int step = 0; step < STEPS; step++) {
        for (int row = 0; row < 2; row++) {
          bits |= (codes[row][2 * step + half] >>> bit & BlockReader.ONES) << (2 * step + row);
        }
      }
      Bytes.putLong(out, at + 8L * half, bits);
    }
  }

  /// @param bit the lower of the codes' bits
  private void bitPairs(MemorySegment out, long at, int bit) {
    for (int half = 0; half < 2; half++) {
      long early = 0;
      long late = 0;
      for (int step = 0; step < 2; step++) {
        for (int row = 0; row < 2; row++) {
          int shift = 4 * step + 2 * row;
          early |= (codes[row][2 * step + half] >>> bit & BlockReader.PAIRS) << shift;
          late |= (codes[row][2 * step + 4 + half] >>> bit & BlockReader.PAIRS) << shift;
        }
      }
      long to = at + 16L * half;
      Bytes.putLong(out, to, (early & 0xFFFF_FFFFL) | late << 32);
      Bytes.putLong(out, to + 8, early >>> 32 | (late & 0xFFFF_FFFF_0000_0000L));
    }
  }
}
