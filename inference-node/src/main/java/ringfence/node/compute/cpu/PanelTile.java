package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.TILE;

import jdk.incubator.vector.FloatVector;

/// Products of an unpacked piece of a tile with some tokens, in the order of [CodeLayout#dot],
/// whose rules for kernels hold here too.
final class PanelTile {
  private PanelTile() {}

  /// Adds to `totals[token][row]`.
  ///
  /// @param panel `[column][row]`
  /// @param scales `[block][row]` from `scalesAt` on, `scaleStride` from block to block
  /// @param columns a whole number of blocks
  /// @param x tokens, each `xStride` from the last, times the layout's factors
  /// @param sums each token's sums of blocks, `sumsStride` from the last
  static void multiply(
      float[] panel,
      float[] scales,
      int scalesAt,
      int scaleStride,
      int columns,
      int block,
      float[] x,
      int xAt,
      int xStride,
      float[] sums,
      int sumsAt,
      int sumsStride,
      float bias,
      int tokens,
      float[] totals) {
    int token = 0;
    for (; token + 4 <= tokens; token += 4) {
      int from = xAt + token * xStride;
      int sum = sumsAt + token * sumsStride;
      int to = token * TILE;
      twoByFour(
          panel,
          0,
          scales,
          scalesAt,
          scaleStride,
          columns,
          block,
          x,
          from,
          xStride,
          sums,
          sum,
          sumsStride,
          bias,
          totals,
          to);
      twoByFour(
          panel,
          2 * COUNT,
          scales,
          scalesAt,
          scaleStride,
          columns,
          block,
          x,
          from,
          xStride,
          sums,
          sum,
          sumsStride,
          bias,
          totals,
          to + 2 * COUNT);
    }
    for (; token < tokens; token++) {
      fourByOne(
          panel,
          scales,
          scalesAt,
          scaleStride,
          columns,
          block,
          x,
          xAt + token * xStride,
          sums,
          sumsAt + token * sumsStride,
          bias,
          totals,
          token * TILE);
    }
  }

  /// Two vectors of rows by four tokens.
  private static void twoByFour(
      float[] panel,
      int panelAt,
      float[] scales,
      int scalesAt,
      int scaleStride,
      int columns,
      int block,
      float[] x,
      int xAt,
      int xStride,
      float[] sums,
      int sumsAt,
      int sumsStride,
      float bias,
      float[] totals,
      int totalsAt) {
    int scale = scalesAt + panelAt;
    int row = panelAt;
    int column = xAt;
    int end = xAt + columns;
    while (column != end) {
      FloatVector a0 = FloatVector.broadcast(FLOATS, bias * sums[sumsAt]);
      FloatVector a1 = FloatVector.broadcast(FLOATS, bias * sums[sumsAt + sumsStride]);
      FloatVector a2 = FloatVector.broadcast(FLOATS, bias * sums[sumsAt + 2 * sumsStride]);
      FloatVector a3 = FloatVector.broadcast(FLOATS, bias * sums[sumsAt + 3 * sumsStride]);
      FloatVector b0 = a0;
      FloatVector b1 = a1;
      FloatVector b2 = a2;
      FloatVector b3 = a3;
      int stop = column + block;
      while (column != stop) {
        FloatVector a = FloatVector.fromArray(FLOATS, panel, row);
        FloatVector b = FloatVector.fromArray(FLOATS, panel, row + COUNT);
        FloatVector token = FloatVector.broadcast(FLOATS, x[column]);
        a0 = a.fma(token, a0);
        b0 = b.fma(token, b0);
        token = FloatVector.broadcast(FLOATS, x[column + xStride]);
        a1 = a.fma(token, a1);
        b1 = b.fma(token, b1);
        token = FloatVector.broadcast(FLOATS, x[column + 2 * xStride]);
        a2 = a.fma(token, a2);
        b2 = b.fma(token, b2);
        token = FloatVector.broadcast(FLOATS, x[column + 3 * xStride]);
        a3 = a.fma(token, a3);
        b3 = b.fma(token, b3);
        a = FloatVector.fromArray(FLOATS, panel, row + TILE);
        b = FloatVector.fromArray(FLOATS, panel, row + TILE + COUNT);
        token = FloatVector.broadcast(FLOATS, x[column + 1]);
        a0 = a.fma(token, a0);
        b0 = b.fma(token, b0);
        token = FloatVector.broadcast(FLOATS, x[column + xStride + 1]);
        a1 = a.fma(token, a1);
        b1 = b.fma(token, b1);
        token = FloatVector.broadcast(FLOATS, x[column + 2 * xStride + 1]);
        a2 = a.fma(token, a2);
        b2 = b.fma(token, b2);
        token = FloatVector.broadcast(FLOATS, x[column + 3 * xStride + 1]);
        a3 = a.fma(token, a3);
        b3 = b.fma(token, b3);
        a = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE);
        b = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE + COUNT);
        token = FloatVector.broadcast(FLOATS, x[column + 2]);
        a0 = a.fma(token, a0);
        b0 = b.fma(token, b0);
        token = FloatVector.broadcast(FLOATS, x[column + xStride + 2]);
        a1 = a.fma(token, a1);
        b1 = b.fma(token, b1);
        token = FloatVector.broadcast(FLOATS, x[column + 2 * xStride + 2]);
        a2 = a.fma(token, a2);
        b2 = b.fma(token, b2);
        token = FloatVector.broadcast(FLOATS, x[column + 3 * xStride + 2]);
        a3 = a.fma(token, a3);
        b3 = b.fma(token, b3);
        a = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE);
        b = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE + COUNT);
        token = FloatVector.broadcast(FLOATS, x[column + 3]);
        a0 = a.fma(token, a0);
        b0 = b.fma(token, b0);
        token = FloatVector.broadcast(FLOATS, x[column + xStride + 3]);
        a1 = a.fma(token, a1);
        b1 = b.fma(token, b1);
        token = FloatVector.broadcast(FLOATS, x[column + 2 * xStride + 3]);
        a2 = a.fma(token, a2);
        b2 = b.fma(token, b2);
        token = FloatVector.broadcast(FLOATS, x[column + 3 * xStride + 3]);
        a3 = a.fma(token, a3);
        b3 = b.fma(token, b3);
        column += 4;
        row += 4 * TILE;
      }
      FloatVector scaleA = FloatVector.fromArray(FLOATS, scales, scale);
      FloatVector scaleB = FloatVector.fromArray(FLOATS, scales, scale + COUNT);
      a0.fma(scaleA, FloatVector.fromArray(FLOATS, totals, totalsAt)).intoArray(totals, totalsAt);
      b0.fma(scaleB, FloatVector.fromArray(FLOATS, totals, totalsAt + COUNT))
          .intoArray(totals, totalsAt + COUNT);
      a1.fma(scaleA, FloatVector.fromArray(FLOATS, totals, totalsAt + TILE))
          .intoArray(totals, totalsAt + TILE);
      b1.fma(scaleB, FloatVector.fromArray(FLOATS, totals, totalsAt + TILE + COUNT))
          .intoArray(totals, totalsAt + TILE + COUNT);
      a2.fma(scaleA, FloatVector.fromArray(FLOATS, totals, totalsAt + 2 * TILE))
          .intoArray(totals, totalsAt + 2 * TILE);
      b2.fma(scaleB, FloatVector.fromArray(FLOATS, totals, totalsAt + 2 * TILE + COUNT))
          .intoArray(totals, totalsAt + 2 * TILE + COUNT);
      a3.fma(scaleA, FloatVector.fromArray(FLOATS, totals, totalsAt + 3 * TILE))
          .intoArray(totals, totalsAt + 3 * TILE);
      b3.fma(scaleB, FloatVector.fromArray(FLOATS, totals, totalsAt + 3 * TILE + COUNT))
          .intoArray(totals, totalsAt + 3 * TILE + COUNT);
      scale += scaleStride;
      sumsAt++;
    }
  }

  /// Four vectors of rows by one token.
  private static void fourByOne(
      float[] panel,
      float[] scales,
      int scalesAt,
      int scaleStride,
      int columns,
      int block,
      float[] x,
      int xAt,
      float[] sums,
      int sumsAt,
      float bias,
      float[] totals,
      int totalsAt) {
    int scale = scalesAt;
    int row = 0;
    int column = xAt;
    int end = xAt + columns;
    while (column != end) {
      FloatVector sum0 = FloatVector.broadcast(FLOATS, bias * sums[sumsAt]);
      FloatVector sum1 = sum0;
      FloatVector sum2 = sum0;
      FloatVector sum3 = sum0;
      int stop = column + block;
      while (column != stop) {
        FloatVector token = FloatVector.broadcast(FLOATS, x[column]);
        sum0 = FloatVector.fromArray(FLOATS, panel, row).fma(token, sum0);
        sum1 = FloatVector.fromArray(FLOATS, panel, row + COUNT).fma(token, sum1);
        sum2 = FloatVector.fromArray(FLOATS, panel, row + 2 * COUNT).fma(token, sum2);
        sum3 = FloatVector.fromArray(FLOATS, panel, row + 3 * COUNT).fma(token, sum3);
        token = FloatVector.broadcast(FLOATS, x[column + 1]);
        sum0 = FloatVector.fromArray(FLOATS, panel, row + TILE).fma(token, sum0);
        sum1 = FloatVector.fromArray(FLOATS, panel, row + TILE + COUNT).fma(token, sum1);
        sum2 = FloatVector.fromArray(FLOATS, panel, row + TILE + 2 * COUNT).fma(token, sum2);
        sum3 = FloatVector.fromArray(FLOATS, panel, row + TILE + 3 * COUNT).fma(token, sum3);
        token = FloatVector.broadcast(FLOATS, x[column + 2]);
        sum0 = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE).fma(token, sum0);
        sum1 = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE + COUNT).fma(token, sum1);
        sum2 = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE + 2 * COUNT).fma(token, sum2);
        sum3 = FloatVector.fromArray(FLOATS, panel, row + 2 * TILE + 3 * COUNT).fma(token, sum3);
        token = FloatVector.broadcast(FLOATS, x[column + 3]);
        sum0 = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE).fma(token, sum0);
        sum1 = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE + COUNT).fma(token, sum1);
        sum2 = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE + 2 * COUNT).fma(token, sum2);
        sum3 = FloatVector.fromArray(FLOATS, panel, row + 3 * TILE + 3 * COUNT).fma(token, sum3);
        column += 4;
        row += 4 * TILE;
      }
      FloatVector.fromArray(FLOATS, scales, scale)
          .fma(sum0, FloatVector.fromArray(FLOATS, totals, totalsAt))
          .intoArray(totals, totalsAt);
      FloatVector.fromArray(FLOATS, scales, scale + COUNT)
          .fma(sum1, FloatVector.fromArray(FLOATS, totals, totalsAt + COUNT))
          .intoArray(totals, totalsAt + COUNT);
      FloatVector.fromArray(FLOATS, scales, scale + 2 * COUNT)
          .fma(sum2, FloatVector.fromArray(FLOATS, totals, totalsAt + 2 * COUNT))
          .intoArray(totals, totalsAt + 2 * COUNT);
      FloatVector.fromArray(FLOATS, scales, scale + 3 * COUNT)
          .fma(sum3, FloatVector.fromArray(FLOATS, totals, totalsAt + 3 * COUNT))
          .intoArray(totals, totalsAt + 3 * COUNT);
      scale += scaleStride;
      sumsAt++;
    }
  }
}
