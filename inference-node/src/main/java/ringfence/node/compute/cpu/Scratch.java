package ringfence.node.compute.cpu;

import java.util.Arrays;

/// What one worker writes to and nobody else reads.
final class Scratch {
  /// For sums over lanes.
  final float[] lanes = new float[DotTile.SCRATCH];

  /// Unpacked rows.
  private float[] panel;

  /// Results on their way elsewhere; attention keeps its scores here.
  private float[] results = new float[0];

  /// Scales and offsets of a piece of a tile: a float for 16 columns of a row, at most.
  private final float[] scales = new float[Tiles.PIECE_COLUMNS / 16 * Lanes.TILE];

  /// Totals of a tile's rows.
  private float[] totals = new float[0];

  Scratch(int panelSize) {
    panel = new float[panelSize];
  }

  float[] panel() {
    return panel;
  }

  float[] scales() {
    return scales;
  }

  /// At least `size` numbers, contents undefined. Grows to the largest size ever asked for.
  float[] totals(int size) {
    if (totals.length < size) {
      totals = new float[size];
    }
    return totals;
  }

  /// At least `size` numbers, contents undefined. Grows to the largest size ever asked for.
  float[] results(int size) {
    if (results.length < size) {
      results = new float[Math.max(size, Math.min(2 * results.length, size + (1 << 16)))];
    }
    return results;
  }

  /// Fills the numbers between a row's end and its padded end with zeros, in every row.
  static void clearPadding(float[] values, int at, int width, int stride, int rows) {
    if (width < stride) {
      for (int row = 0; row < rows; row++) {
        Arrays.fill(values, at + row * stride + width, at + (row + 1) * stride, 0);
      }
    }
  }
}
