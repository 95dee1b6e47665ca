package ringfence.node.compute.vulkan.weights;

/// Where the numbers of a matrix `[rows, columns]` lie on the device.
///
/// The matrix is padded to tiles of 16 rows x 64 columns, whose padding holds zeros. Tile `rowTile
/// * columnTiles + columnTile` owns one entry in each [Plane]. In a tile, lane `4g + t` of 32 owns,
///   in each of four steps of 16 columns, columns `2t, 2t+8, 2t+1, 2t+9` of rows `g` and `g
/// + 8`: what that lane of a subgroup holds of a 16 x 16 matrix fragment.
///
/// - 4-bit codes: a uint a step; row `g` in the low nibbles of its bytes, row `g + 8` in the high
///   ones, columns in the order above. So a mask gives four codes of one row for a packed dot
///   product, and another the pairs `(2t, 2t+1)` and `(2t+8, 2t+9)` for float16 arithmetic.
/// - 8-bit codes: two uints a step (row `g`, row `g + 8`), two steps in a vector.
/// - a fifth bit: a uint a lane; in byte `i`, bit `2 * step + row` belongs to the step's code `i`.
/// - a fifth and a sixth: two uints a lane, each for two steps; in byte `i`, bits `4 * (step % 2) +
///   2 * row` and the one above.
/// - 2-bit codes: two uints a lane, as a fifth and a sixth bit; a third bit as a fifth.
/// - float16, bfloat16: a vector a step: the pairs of row `g`, of row `g + 8`, then both for
///   columns `2t+8, 2t+9`.
/// - float32: two vectors a step, one a row, columns in the order above.
/// - scales: by `g`, rows `g` and `g + 8`: two float16 each (one for 32 columns); then so the
///   minima of formats that have them. With super-blocks, four bytes a row instead: `scale, scale,
///   minimum, minimum` (32 columns each), four signed scales of 16, or four bytes of a scale (low)
///   and a minimum of 16; or two bytes, signed scales of 32. MXFP4's are bfloat16.
/// - supers: by `g`, rows `g` and `g + 8`: float16 `d` (and `dmin`).
public record WeightLayout(WeightFormat format, int rows, int columns) {
  public static final int TILE_ROWS = 16;
  public static final int TILE_COLUMNS = 64;

  public WeightLayout {
    if (rows < 1 || columns < 1 || columns % format.type().blockSize() != 0) {
      throw new IllegalArgumentException(
          rows + " x " + columns + " numbers are no matrix of " + format);
    }
  }

  public int rowTiles() {
    return Math.ceilDiv(rows, TILE_ROWS);
  }

  public int columnTiles() {
    return Math.ceilDiv(columns, TILE_COLUMNS);
  }

  /// Bytes of a row in the file.
  public long rowBytes() {
    return format.type().bytes(columns);
  }

  /// Rows of a run of row tiles, of which the last may be shorter.
  int rows(int firstRowTile, int rowTiles) {
    return Math.min(rows, (firstRowTile + rowTiles) * TILE_ROWS) - firstRowTile * TILE_ROWS;
  }

  /// Bytes of a plane for a run of row tiles.
  public long bytes(Plane plane, int rowTiles) {
    return (long) format.bytes(plane) * rowTiles * (columnTiles() / plane.tilesAnEntry());
  }

  /// Where a plane begins, from the matrix's first byte.
  public long offset(Plane plane) {
    long offset = 0;
    for (Plane earlier : Plane.values()) {
      if (earlier == plane) {
        return offset;
      }
      offset += bytes(earlier, rowTiles());
    }
    throw new IllegalArgumentException("no plane " + plane);
  }

  /// Bytes of a run of row tiles in all planes.
  public long bytes(int rowTiles) {
    long bytes = 0;
    for (Plane plane : Plane.values()) {
      bytes += bytes(plane, rowTiles);
    }
    return bytes;
  }

  /// Bytes of the whole matrix.
  public long bytes() {
    return bytes(rowTiles());
  }
}
