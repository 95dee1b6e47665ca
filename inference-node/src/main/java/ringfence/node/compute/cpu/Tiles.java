package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.TILE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import ringfence.node.gguf.Tensor;

/// A matrix whose codes are laid out anew at start, as [CodeLayout] says: unpacking a weight then
/// takes two operations. Memory is the file's size or a few per cent more; the file's own pages are
/// given back.
///
/// A tile's blocks are followed by its offsets, `[block][row]`, where the format has some.
record Tiles(
    CodeLayout layout,
    int bias,
    boolean hasOffsets,
    MemorySegment data,
    int rows,
    int columns,
    long tileBytes)
    implements Matrix {
  /// Numbers of a panel: with the activations it stays in the first-level cache.
  static final int PANEL_NUMBERS = 4096;

  private static final int PANEL_COLUMNS = PANEL_NUMBERS / TILE;

  static Tiles of(Tensor tensor, Arena arena, Workers workers) {
    StoredCodes stored = StoredCodes.of(tensor.type());
    CodeLayout layout = stored.layout;
    int rows = Math.toIntExact(tensor.rows());
    int columns = Math.toIntExact(tensor.columns());
    long blocks = columns / layout.blockColumns();
    long offsetBytes = stored.hasOffsets ? blocks * CodeLayout.SCALE_BYTES : 0;
    long tileBytes = blocks * layout.blockBytes() + offsetBytes;
    int tiles = Lanes.tiles(rows);
    MemorySegment data = arena.allocate(tiles * tileBytes, 64);
    Tiles made = new Tiles(layout, stored.bias, stored.hasOffsets, data, rows, columns, tileBytes);
    workers.run((tile, worker) -> made.fill(tensor, stored, tile), tiles);
    if (tensor.data().isMapped()) {
      tensor.data().unload();
    }
    return made;
  }

  private void fill(Tensor tensor, StoredCodes stored, int tile) {
    int block = layout.blockColumns();
    int blocks = columns / block;
    byte[] codes = new byte[columns];
    float[] scales = new float[blocks];
    float[] offsets = new float[blocks];
    for (int lane = 0; lane < Math.min(TILE, rows - tile * TILE); lane++) {
      long from = (long) (tile * TILE + lane) * tensor.rowBytes();
      stored.read(tensor.data(), from, columns, codes, scales, offsets);
      long inLane = tile * tileBytes + (long) lane * Integer.BYTES;
      for (int i = 0; i < blocks; i++) {
        long to = inLane + i * layout.blockBytes();
        data.set(Stored.FLOAT, to, scales[i]);
        for (int index = 0; index < layout.blockInts(); index++) {
          to += CodeLayout.INT_BYTES;
          data.set(Stored.INT, to, layout.packed(codes, i * block, index));
        }
        if (hasOffsets) {
          long offset = inLane + blocks * layout.blockBytes() + (long) i * CodeLayout.SCALE_BYTES;
          data.set(Stored.FLOAT, offset, offsets[i]);
        }
      }
    }
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
    Activations.ForLayout form = x.of(layout);
    float[] totals = scratch.totals(tokens * TILE);
    for (int row = from; row < to; row += TILE) {
      long tile = row / TILE * tileBytes;
      start(tile, form, x.stride, tokens, totals);
      if (tokens == 1) {
        layout.dot(data, tile, columns, form.rows(), 0, form.sums(), 0, bias, totals);
      } else {
        multiply(tile, form, x.stride, tokens, totals, scratch);
      }
      int count = Math.min(TILE, to - row);
      for (int token = 0; token < tokens; token++) {
        System.arraycopy(totals, token * TILE, out, outAt + token * outStride + row - from, count);
      }
    }
  }

  /// Totals start as the products of offsets and sums.
  private void start(
      long tile, Activations.ForLayout form, int stride, int tokens, float[] totals) {
    Arrays.fill(totals, 0, tokens * TILE, 0);
    if (hasOffsets) {
      int blocks = columns / layout.blockColumns();
      int sumStride = stride / layout.blockColumns();
      long at = tile + blocks * layout.blockBytes();
      for (int token = 0; token < tokens; token++) {
        offsets(data, at, form.sums(), token * sumStride, blocks, totals, token * TILE);
      }
    }
  }

  private static void offsets(
      MemorySegment data, long at, float[] sums, int sumsAt, int blocks, float[] totals, int to) {
    FloatVector a = FloatVector.fromArray(FLOATS, totals, to);
    FloatVector b = FloatVector.fromArray(FLOATS, totals, to + COUNT);
    FloatVector c = FloatVector.fromArray(FLOATS, totals, to + 2 * COUNT);
    FloatVector d = FloatVector.fromArray(FLOATS, totals, to + 3 * COUNT);
    for (int block = 0; block < blocks; block++) {
      FloatVector sum = FloatVector.broadcast(FLOATS, sums[sumsAt + block]);
      a = FloatVector.fromMemorySegment(FLOATS, data, at, Stored.ORDER).fma(sum, a);
      b = FloatVector.fromMemorySegment(FLOATS, data, at + Lanes.BYTES, Stored.ORDER).fma(sum, b);
      c =
          FloatVector.fromMemorySegment(FLOATS, data, at + 2L * Lanes.BYTES, Stored.ORDER)
              .fma(sum, c);
      d =
          FloatVector.fromMemorySegment(FLOATS, data, at + 3L * Lanes.BYTES, Stored.ORDER)
              .fma(sum, d);
      at += CodeLayout.SCALE_BYTES;
    }
    a.intoArray(totals, to);
    b.intoArray(totals, to + COUNT);
    c.intoArray(totals, to + 2 * COUNT);
    d.intoArray(totals, to + 3 * COUNT);
  }

  private void multiply(
      long tile,
      Activations.ForLayout form,
      int stride,
      int tokens,
      float[] totals,
      Scratch scratch) {
    int block = layout.blockColumns();
    float[] panel = scratch.panel();
    float[] scales = scratch.scales();
    for (int column = 0; column < columns; column += PANEL_COLUMNS) {
      int count = Math.min(PANEL_COLUMNS, columns - column);
      layout.unpack(
          data, tile + column / block * layout.blockBytes(), count / block, panel, scales);
      PanelTile.multiply(
          panel,
          scales,
          count,
          block,
          form.rows(),
          column,
          stride,
          form.sums(),
          column / block,
          stride / block,
          bias,
          tokens,
          totals);
    }
  }
}
