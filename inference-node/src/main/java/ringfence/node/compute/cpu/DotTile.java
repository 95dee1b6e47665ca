package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/// Dot products of some rows with some tokens, all float32.
///
/// Every product, whichever tile computes it, is one vector of partial sums, `sum[lane] = fma(row[k
/// + lane], token[k + lane], sum[lane])` for k = 0, COUNT, 2 COUNT..., and then [Lanes#sum]: the
///   shape of the batch does not show in the result.
final class DotTile {
  /// Partial sums of the largest tile.
  static final int SCRATCH = 16 * COUNT;

  private DotTile() {}

  /// `out[outAt + token * outStride + row] = rows[row] . tokens[token]`.
  ///
  /// @param columns a multiple of [Lanes#COUNT]; whoever has fewer pads both sides with zeros
  /// @param scratch [#SCRATCH] elements, overwritten
  static void multiply(
      float[] rows,
      int rowsAt,
      int rowStride,
      int rowCount,
      float[] tokens,
      int tokensAt,
      int tokenStride,
      int tokenCount,
      int columns,
      float[] out,
      int outAt,
      int outStride,
      float[] scratch) {
    int token = 0;
    for (; token + 4 <= tokenCount; token += 4) {
      int x = tokensAt + token * tokenStride;
      int y = outAt + token * outStride;
      int row = 0;
      for (; row + 4 <= rowCount; row += 4) {
        int w = rowsAt + row * rowStride;
        fourByFour(
            rows, w, rowStride, tokens, x, tokenStride, columns, out, y + row, outStride, scratch);
      }
      for (; row < rowCount; row++) {
        for (int t = 0; t < 4; t++) {
          int w = rowsAt + row * rowStride;
          out[y + t * outStride + row] =
              one(rows, w, tokens, x + t * tokenStride, columns, scratch);
        }
      }
    }
    for (; token < tokenCount; token++) {
      int x = tokensAt + token * tokenStride;
      int y = outAt + token * outStride;
      int row = 0;
      for (; row + 4 <= rowCount; row += 4) {
        int w = rowsAt + row * rowStride;
        fourByOne(rows, w, rowStride, tokens, x, columns, out, y + row, scratch);
      }
      for (; row < rowCount; row++) {
        out[y + row] = one(rows, rowsAt + row * rowStride, tokens, x, columns, scratch);
      }
    }
  }

  private static float one(
      float[] rows, int w, float[] tokens, int x, int columns, float[] scratch) {
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int k = 0; k < columns; k += COUNT) {
      FloatVector token = FloatVector.fromArray(FLOATS, tokens, x + k);
      sum = FloatVector.fromArray(FLOATS, rows, w + k).fma(token, sum);
    }
    return Lanes.sum(sum, scratch);
  }

  private static void fourByOne(
      float[] rows,
      int w,
      int rowStride,
      float[] tokens,
      int x,
      int columns,
      float[] out,
      int y,
      float[] scratch) {
    FloatVector a = FloatVector.zero(FLOATS);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int k = 0; k < columns; k += COUNT) {
      FloatVector token = FloatVector.fromArray(FLOATS, tokens, x + k);
      a = FloatVector.fromArray(FLOATS, rows, w + k).fma(token, a);
      b = FloatVector.fromArray(FLOATS, rows, w + rowStride + k).fma(token, b);
      c = FloatVector.fromArray(FLOATS, rows, w + 2 * rowStride + k).fma(token, c);
      d = FloatVector.fromArray(FLOATS, rows, w + 3 * rowStride + k).fma(token, d);
    }
    a.intoArray(scratch, 0);
    b.intoArray(scratch, COUNT);
    c.intoArray(scratch, 2 * COUNT);
    d.intoArray(scratch, 3 * COUNT);
    for (int row = 0; row < 4; row++) {
      out[y + row] = Lanes.sum(scratch, row * COUNT);
    }
  }

  /// Rows a - d by tokens 0 - 3: sixteen sums live in registers.
  private static void fourByFour(
      float[] rows,
      int w,
      int rowStride,
      float[] tokens,
      int x,
      int tokenStride,
      int columns,
      float[] out,
      int y,
      int outStride,
      float[] scratch) {
    FloatVector a0 = FloatVector.zero(FLOATS);
    FloatVector b0 = a0;
    FloatVector c0 = a0;
    FloatVector d0 = a0;
    FloatVector a1 = a0;
    FloatVector b1 = a0;
    FloatVector c1 = a0;
    FloatVector d1 = a0;
    FloatVector a2 = a0;
    FloatVector b2 = a0;
    FloatVector c2 = a0;
    FloatVector d2 = a0;
    FloatVector a3 = a0;
    FloatVector b3 = a0;
    FloatVector c3 = a0;
    FloatVector d3 = a0;
    for (int k = 0; k < columns; k += COUNT) {
      FloatVector a = FloatVector.fromArray(FLOATS, rows, w + k);
      FloatVector b = FloatVector.fromArray(FLOATS, rows, w + rowStride + k);
      FloatVector c = FloatVector.fromArray(FLOATS, rows, w + 2 * rowStride + k);
      FloatVector d = FloatVector.fromArray(FLOATS, rows, w + 3 * rowStride + k);
      FloatVector token = FloatVector.fromArray(FLOATS, tokens, x + k);
      a0 = a.fma(token, a0);
      b0 = b.fma(token, b0);
      c0 = c.fma(token, c0);
      d0 = d.fma(token, d0);
      token = FloatVector.fromArray(FLOATS, tokens, x + tokenStride + k);
      a1 = a.fma(token, a1);
      b1 = b.fma(token, b1);
      c1 = c.fma(token, c1);
      d1 = d.fma(token, d1);
      token = FloatVector.fromArray(FLOATS, tokens, x + 2 * tokenStride + k);
      a2 = a.fma(token, a2);
      b2 = b.fma(token, b2);
      c2 = c.fma(token, c2);
      d2 = d.fma(token, d2);
      token = FloatVector.fromArray(FLOATS, tokens, x + 3 * tokenStride + k);
      a3 = a.fma(token, a3);
      b3 = b.fma(token, b3);
      c3 = c.fma(token, c3);
      d3 = d.fma(token, d3);
    }
    a0.intoArray(scratch, 0);
    b0.intoArray(scratch, COUNT);
    c0.intoArray(scratch, 2 * COUNT);
    d0.intoArray(scratch, 3 * COUNT);
    a1.intoArray(scratch, 4 * COUNT);
    b1.intoArray(scratch, 5 * COUNT);
    c1.intoArray(scratch, 6 * COUNT);
    d1.intoArray(scratch, 7 * COUNT);
    a2.intoArray(scratch, 8 * COUNT);
    b2.intoArray(scratch, 9 * COUNT);
    c2.intoArray(scratch, 10 * COUNT);
    d2.intoArray(scratch, 11 * COUNT);
    a3.intoArray(scratch, 12 * COUNT);
    b3.intoArray(scratch, 13 * COUNT);
    c3.intoArray(scratch, 14 * COUNT);
    d3.intoArray(scratch, 15 * COUNT);
    for (int token = 0; token < 4; token++) {
      for (int row = 0; row < 4; row++) {
        out[y + token * outStride + row] = Lanes.sum(scratch, (4 * token + row) * COUNT);
      }
    }
  }
}
