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
  private DotTile() {}

  /// `out[outAt + token * outStride + row] = rows[row] . tokens[token]`.
  ///
  /// @param columns a multiple of [Lanes#COUNT]; whoever has fewer pads both sides with zeros
  /// @param scratch [Lanes#COUNT] elements
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
    out[y] = Lanes.sum(a, scratch);
    out[y + 1] = Lanes.sum(b, scratch);
    out[y + 2] = Lanes.sum(c, scratch);
    out[y + 3] = Lanes.sum(d, scratch);
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
    out[y] = Lanes.sum(a0, scratch);
    out[y + 1] = Lanes.sum(b0, scratch);
    out[y + 2] = Lanes.sum(c0, scratch);
    out[y + 3] = Lanes.sum(d0, scratch);
    int at = y + outStride;
    out[at] = Lanes.sum(a1, scratch);
    out[at + 1] = Lanes.sum(b1, scratch);
    out[at + 2] = Lanes.sum(c1, scratch);
    out[at + 3] = Lanes.sum(d1, scratch);
    at += outStride;
    out[at] = Lanes.sum(a2, scratch);
    out[at + 1] = Lanes.sum(b2, scratch);
    out[at + 2] = Lanes.sum(c2, scratch);
    out[at + 3] = Lanes.sum(d2, scratch);
    at += outStride;
    out[at] = Lanes.sum(a3, scratch);
    out[at + 1] = Lanes.sum(b3, scratch);
    out[at + 2] = Lanes.sum(c3, scratch);
    out[at + 3] = Lanes.sum(d3, scratch);
  }
}
