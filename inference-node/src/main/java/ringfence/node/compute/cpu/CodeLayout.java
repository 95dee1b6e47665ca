package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.TILE;

import java.lang.foreign.MemorySegment;

/// How a tile holds its weights' codes. A tile is [Lanes#TILE] rows, side by side: each of four
/// vectors has a row in each of its lanes, so that a weight's lane is its row's, and a product's
/// sum needs no adding up of lanes. Codes are a run of blocks of [#blockColumns] columns; a block
/// is [#blockInts] ints a row, each with the codes of some neighbouring columns. A [ScaleLayout]
/// says where the scales are.
///
/// A block's sum is `bias * sum(x)` and then, column after column, `sum = fma(code, x, sum)`; it
/// goes into the row's total as `total = fma(scale, sum, total)`. [#dot] does it for one token and
/// [#unpack] with [PanelTile] for many: the bits are the same.
///
/// For whoever changes the kernels: C2 keeps their vectors in registers only when it inlines every
/// call of the Vector API. It does so up to any size for the API itself, but for our own methods
/// only until a method has 18,000 nodes. So they call nothing of ours, are too large to be inlined
/// into anything (over 325 bytes of code), and their loops end in `!=`, which C2 does not split in
/// three for the sake of range checks.
sealed interface CodeLayout permits CodesOf4, CodesOf5, CodesOf6, CodesOf8 {
  /// Bytes of a tile's ints of one index.
  int INT_BYTES = TILE * Integer.BYTES;

  /// Columns of a block: 16 or 32.
  int blockColumns();

  /// Ints of a row's block.
  int blockInts();

  /// What an activation of this column is multiplied with beforehand: a power of two that undoes
  /// the place at which the code is left in its int.
  float factor(int column);

  /// An int of a block.
  ///
  /// @param codes a block's codes from index `at` on
  int packed(byte[] codes, int at, int index);

  /// Adds one token's products to the totals of a tile's rows.
  ///
  /// @param at where the first block starts
  /// @param columns a whole number of blocks, at least one
  /// @param x the token from `xAt` on, times [#factor]
  /// @param sums the token's sums of each block from `sumsAt` on, without factors
  /// @param bias what is added to every code
  /// @param scales `[block][row]`, `scaleStride` from block to block
  void dot(
      MemorySegment tile,
      long at,
      int columns,
      float[] x,
      int xAt,
      float[] sums,
      int sumsAt,
      float bias,
      float[] scales,
      int scaleStride,
      float[] totals);

  /// Writes codes as the numbers that [#dot] multiplies, `panel[column][row]`.
  void unpack(MemorySegment tile, long at, int blocks, float[] panel);

  default long blockBytes() {
    return (long) blockInts() * INT_BYTES;
  }
}
