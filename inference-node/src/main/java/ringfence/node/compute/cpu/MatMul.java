package ringfence.node.compute.cpu;

/// Weight rows times activations: a panel of rows is unpacked, then multiplied with all tokens.
final class MatMul {
  /// Numbers of a panel when there are many tokens: it stays in the second-level cache while the
  /// tokens pass by, four at a time.
  private static final int PANEL_NUMBERS = 48 * 1024;

  /// Rows of a panel when there are few tokens: unpacked and used at once, in the first level.
  private static final int FEW_ROWS = 4;

  private static final int FEW_TOKENS = 8;

  private MatMul() {}

  /// Numbers that a worker's panel needs for matrices of this many columns.
  static int panelSize(int mostColumns) {
    return Math.max(PANEL_NUMBERS, FEW_ROWS * Lanes.padded(mostColumns));
  }

  /// `out[outAt + token * outStride + row - from] = matrix[row] . tokens[token]` for rows `from` to
  /// `to - 1`.
  ///
  /// @param tokens rows of `Lanes.padded(matrix.columns())` numbers, zeros at the end
  static void multiply(
      Matrix matrix,
      int from,
      int to,
      float[] tokens,
      int tokenCount,
      float[] out,
      int outAt,
      int outStride,
      Scratch scratch) {
    int stride = Lanes.padded(matrix.columns());
    float[] panel = scratch.panel();
    int most =
        tokenCount <= FEW_TOKENS ? FEW_ROWS : Math.max(FEW_ROWS, PANEL_NUMBERS / stride & -4);
    for (int row = from; row < to; row += most) {
      int rows = Math.min(most, to - row);
      for (int i = 0; i < rows; i++) {
        matrix.unpack(row + i, panel, i * stride);
      }
      Scratch.clearPadding(panel, 0, matrix.columns(), stride, rows);
      DotTile.multiply(
          panel,
          0,
          stride,
          rows,
          tokens,
          0,
          stride,
          tokenCount,
          stride,
          out,
          outAt + row - from,
          outStride,
          scratch.lanes);
    }
  }
}
