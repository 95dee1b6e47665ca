package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.TILE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.incubator.vector.FloatVector;
import ringfence.node.gguf.Tensor;

/// A matrix that is laid out anew at start, as [CodeLayout] and [ScaleLayout] say: unpacking a
/// weight then takes two operations. Memory is the file's size or a few per cent more; the file's
/// own pages are given back.
///
/// A tile is a run of pieces of [#PIECE_COLUMNS]; a piece has its scales first, then its codes. For
/// each piece the products of offsets with sums of activations come first, then the blocks.
record Tiles(
    CodeLayout layout,
    ScaleLayout scales,
    int bias,
    MemorySegment data,
    int rows,
    int columns,
    long tileBytes)
    implements Matrix {
  /// Columns whose scales are unpacked at once: they wait in the first-level cache. A multiple of
  /// any format's block.
  static final int PIECE_COLUMNS = 1024;

  /// Numbers of a panel: with the activations it stays in the first-level cache.
  static final int PANEL_NUMBERS = 4096;

  private static final int PANEL_COLUMNS = PANEL_NUMBERS / TILE;

  /// Lays a tensor out.
  ///
  /// @return empty when a scale is infinite or no number
  static Optional<Tiles> of(Tensor tensor, SegmentAllocator memory, Workers workers) {
    StoredCodes stored = StoredCodes.of(tensor.type());
    int rows = Math.toIntExact(tensor.rows());
    int columns = Math.toIntExact(tensor.columns());
    long codeBytes = columns / stored.layout().blockColumns() * stored.layout().blockBytes();
    long tileBytes = codeBytes + stored.scales().bytes(columns);
    int tiles = Lanes.tiles(rows);
    MemorySegment data = memory.allocate(tiles * tileBytes, 64);
    Tiles made =
        new Tiles(stored.layout(), stored.scales(), stored.bias(), data, rows, columns, tileBytes);
    AtomicBoolean strange = new AtomicBoolean();
    workers.run(
        (tile, worker) -> {
          if (!made.fill(tensor, stored, tile)) {
            strange.set(true);
          }
        },
        tiles);
    if (strange.get()) {
      return Optional.empty();
    }
    if (tensor.data().isMapped()) {
      tensor.data().unload();
    }
    return Optional.of(made);
  }

  /// False when a scale is strange.
  private boolean fill(Tensor tensor, StoredCodes stored, int tile) {
    int block = layout.blockColumns();
    StoredRow row = new StoredRow(scales, columns);
    for (int lane = 0; lane < Math.min(TILE, rows - tile * TILE); lane++) {
      long from = (long) (tile * TILE + lane) * tensor.rowBytes();
      stored.read(tensor.data(), from, columns, row);
      if (row.isStrange()) {
        return false;
      }
      long at = tile * tileBytes;
      for (int column = 0; column < columns; column += PIECE_COLUMNS) {
        int count = Math.min(PIECE_COLUMNS, columns - column);
        scales.pack(row, column, count, data, at, lane);
        at += scales.bytes(count);
        for (int i = column; i < column + count; i += block) {
          for (int index = 0; index < layout.blockInts(); index++) {
            int codes = layout.packed(row.codes, i, index);
            data.set(Stored.INT, at + (long) lane * Integer.BYTES, codes);
            at += CodeLayout.INT_BYTES;
          }
        }
      }
    }
    return true;
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
      Arrays.fill(totals, 0, tokens * TILE, 0);
      long at = row / TILE * tileBytes;
      for (int column = 0; column < columns; column += PIECE_COLUMNS) {
        int count = Math.min(PIECE_COLUMNS, columns - column);
        at = piece(at, column, count, form, x.stride, tokens, totals, scratch);
      }
      int count = Math.min(TILE, to - row);
      for (int token = 0; token < tokens; token++) {
        System.arraycopy(totals, token * TILE, out, outAt + token * outStride + row - from, count);
      }
    }
  }

  /// Adds a piece's products to the totals and says where the next piece is.
  private long piece(
      long at,
      int column,
      int count,
      Activations.ForLayout form,
      int stride,
      int tokens,
      float[] totals,
      Scratch scratch) {
    int block = layout.blockColumns();
    float[] numbers = scratch.scales();
    scales.unpack(data, at, count, numbers);
    at += scales.bytes(count);
    int sumStride = stride / block;
    if (scales.hasOffsets()) {
      int stop = count / block * 2 * TILE;
      for (int token = 0; token < tokens; token++) {
        int sums = token * sumStride + column / block;
        offsets(numbers, stop, form.sums(), sums, totals, token * TILE);
      }
    }
    if (tokens == 1) {
      int sums = column / block;
      layout.dot(
          data,
          at,
          count,
          form.rows(),
          column,
          form.sums(),
          sums,
          bias,
          numbers,
          scales.stride(),
          totals);
    } else {
      panels(at, column, count, form, stride, tokens, totals, scratch);
    }
    return at + count / block * layout.blockBytes();
  }

  /// Adds the products of offsets and a token's sums: a kernel, as [CodeLayout] has them.
  ///
  /// @param stop where `numbers` end
  private static void offsets(
      float[] numbers, int stop, float[] sums, int sumsAt, float[] totals, int to) {
    FloatVector a = FloatVector.fromArray(FLOATS, totals, to);
    FloatVector b = FloatVector.fromArray(FLOATS, totals, to + COUNT);
    FloatVector c = FloatVector.fromArray(FLOATS, totals, to + 2 * COUNT);
    FloatVector d = FloatVector.fromArray(FLOATS, totals, to + 3 * COUNT);
    for (int at = TILE; at < stop; at += 2 * TILE) {
      FloatVector sum = FloatVector.broadcast(FLOATS, sums[sumsAt++]);
      a = FloatVector.fromArray(FLOATS, numbers, at).fma(sum, a);
      b = FloatVector.fromArray(FLOATS, numbers, at + COUNT).fma(sum, b);
      c = FloatVector.fromArray(FLOATS, numbers, at + 2 * COUNT).fma(sum, c);
      d = FloatVector.fromArray(FLOATS, numbers, at + 3 * COUNT).fma(sum, d);
    }
    a.intoArray(totals, to);
    b.intoArray(totals, to + COUNT);
    c.intoArray(totals, to + 2 * COUNT);
    d.intoArray(totals, to + 3 * COUNT);
  }

  private void panels(
      long at,
      int first,
      int count,
      Activations.ForLayout form,
      int stride,
      int tokens,
      float[] totals,
      Scratch scratch) {
    int block = layout.blockColumns();
    float[] panel = scratch.panel();
    for (int done = 0; done < count; done += PANEL_COLUMNS) {
      int columns = Math.min(PANEL_COLUMNS, count - done);
      layout.unpack(data, at + done / block * layout.blockBytes(), columns / block, panel);
      PanelTile.multiply(
          panel,
          scratch.scales(),
          done / block * scales.stride(),
          scales.stride(),
          columns,
          block,
          form.rows(),
          first + done,
          stride,
          form.sums(),
          (first + done) / block,
          stride / block,
          bias,
          tokens,
          totals);
    }
  }
}
