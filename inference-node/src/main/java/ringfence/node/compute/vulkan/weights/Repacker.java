package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;

/// Brings rows of tiles from the file's order into the device's.
///
/// Holds the buffers of one row pair, so it belongs to one thread; any number may work on one
/// matrix.
public final class Repacker {
  private static final int HALF_TILE = WeightLayout.TILE_ROWS / 2;
  private static final int STEPS = 4;
  private static final int LANE_BYTES = 16;
  private static final int VECTOR_BYTES = 32 * LANE_BYTES;

  private final WeightLayout layout;
  private final MemorySegment data;
  private final QuantisedTiles tiles;

  /// @param data the tensor's bytes, row after row, as in the file
  public Repacker(WeightLayout layout, MemorySegment data) {
    long bytes = layout.format().type().bytes((long) layout.rows() * layout.columns());
    if (data.byteSize() < bytes) {
      throw new IllegalArgumentException(
          "a matrix of " + bytes + " bytes has only " + data.byteSize());
    }
    this.layout = layout;
    this.data = data;
    this.tiles = new QuantisedTiles(layout, data);
  }

  /// Packs one row of tiles.
  ///
  /// @param out holds a run of `runTiles` rows of tiles, plane after plane
  /// @param position which of them this one is
  public void pack(int rowTile, MemorySegment out, int position, int runTiles) {
    long upper = layout.bytes(Plane.CODES, runTiles);
    long scales = upper + layout.bytes(Plane.UPPER, runTiles);
    long supers = scales + layout.bytes(Plane.SCALES, runTiles);
    long codes = layout.bytes(Plane.CODES, 1) * position;
    switch (layout.format()) {
      case F32 -> floats(rowTile, out, codes);
      case F16, BF16 -> halves(rowTile, out, codes);
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, Q2_K, Q3_K, IQ4_NL, IQ4_XS, MXFP4 ->
          tiles.pack(
              rowTile,
              out,
              codes,
              upper + layout.bytes(Plane.UPPER, 1) * position,
              scales + layout.bytes(Plane.SCALES, 1) * position,
              supers + layout.bytes(Plane.SUPERS, 1) * position);
    }
  }

  private void floats(int rowTile, MemorySegment out, long at) {
    int[] columnOf = {0, 8, 1, 9};
    for (int tile = 0; tile < layout.columnTiles(); tile++) {
      long tileAt = at + (long) tile * layout.format().bytes(Plane.CODES);
      for (int lane = 0; lane < 32; lane++) {
        for (int step = 0; step < STEPS; step++) {
          for (int half = 0; half < 2; half++) {
            int row = rowTile * WeightLayout.TILE_ROWS + lane / 4 + HALF_TILE * half;
            long to = tileAt + (2L * step + half) * VECTOR_BYTES + (long) lane * LANE_BYTES;
            for (int i = 0; i < 4; i++) {
              int column =
                  tile * WeightLayout.TILE_COLUMNS + 16 * step + lane % 4 * 2 + columnOf[i];
              Bytes.putInt(
                  out,
                  to + 4L * i,
                  within(row, column) ? Bytes.intAt(data, index(row, column) * 4) : 0);
            }
          }
        }
      }
    }
  }

  private void halves(int rowTile, MemorySegment out, long at) {
    for (int tile = 0; tile < layout.columnTiles(); tile++) {
      long tileAt = at + (long) tile * layout.format().bytes(Plane.CODES);
      for (int lane = 0; lane < 32; lane++) {
        for (int step = 0; step < STEPS; step++) {
          long to = tileAt + (long) step * VECTOR_BYTES + (long) lane * LANE_BYTES;
          for (int pair = 0; pair < 4; pair++) {
            int row = rowTile * WeightLayout.TILE_ROWS + lane / 4 + HALF_TILE * (pair & 1);
            int column =
                tile * WeightLayout.TILE_COLUMNS + 16 * step + lane % 4 * 2 + 8 * (pair >> 1);
            Bytes.putInt(out, to + 4L * pair, twoHalves(row, column));
          }
        }
      }
    }
  }

  private int twoHalves(int row, int column) {
    if (within(row, column + 1)) {
      return Bytes.intAt(data, index(row, column) * 2);
    }
    return within(row, column) ? Bytes.halfAt(data, index(row, column) * 2) : 0;
  }

  private boolean within(int row, int column) {
    return row < layout.rows() && column < layout.columns();
  }

  private long index(int row, int column) {
    return (long) row * layout.columns() + column;
  }
}
