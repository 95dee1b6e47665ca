package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.Tensor;

/// A matrix as the mapped file has it: a panel of rows is unpacked to float32, then multiplied with
/// all tokens.
record FileRows(Format format, MemorySegment data, int rows, int columns, long rowBytes)
    implements Matrix {
  /// Numbers of a panel when there are many tokens: it stays in the second-level cache while the
  /// tokens pass by, four at a time.
  private static final int PANEL_NUMBERS = 48 * 1024;

  /// Rows of a panel when there are few tokens: unpacked and used at once, in the first level.
  private static final int FEW_ROWS = 4;

  private static final int FEW_TOKENS = 8;

  static FileRows of(Tensor tensor) {
    return new FileRows(
        Format.of(tensor.type()),
        tensor.data(),
        Math.toIntExact(tensor.rows()),
        Math.toIntExact(tensor.columns()),
        tensor.rowBytes());
  }

  /// Numbers that a worker's panel needs for matrices of this many columns.
  static int panelSize(int mostColumns) {
    return Math.max(PANEL_NUMBERS, FEW_ROWS * Activations.padded(mostColumns));
  }

  /// Writes one row to `out[at...]`.
  void unpack(int row, float[] out, int at) {
    format.unpack(data, row * rowBytes, columns, out, at);
  }

  @Override
  public void multiply(
      int from,
      int to,
      Activations x,
      int tokens,
      float[] out,
      int outAt,
      int outStride,
      Scratch scratch) {
    int stride = x.stride;
    float[] panel = scratch.panel();
    int most = tokens <= FEW_TOKENS ? FEW_ROWS : Math.max(FEW_ROWS, PANEL_NUMBERS / stride & -4);
    for (int row = from; row < to; row += most) {
      int count = Math.min(most, to - row);
      for (int i = 0; i < count; i++) {
        unpack(row + i, panel, i * stride);
      }
      Scratch.clearPadding(panel, 0, columns, stride, count);
      DotTile.multiply(
          panel,
          0,
          stride,
          count,
          x.rows,
          0,
          stride,
          tokens,
          stride,
          out,
          outAt + row - from,
          outStride,
          scratch.lanes);
    }
  }
}
