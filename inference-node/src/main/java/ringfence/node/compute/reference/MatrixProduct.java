package ringfence.node.compute.reference;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.Tensor;

/// `out = weights * in + bias` for all tokens of a batch: a row of weights is dequantised once and
/// then meets every token.
///
/// Each output is one float64 sum over the columns in ascending order.
final class MatrixProduct {
  private final Workers workers;

  MatrixProduct(Workers workers) {
    this.workers = workers;
  }

  /// Where a row's results go.
  interface RowSink {
    /// Called once for each row, by any worker.
    ///
    /// @param sums one for each token; overwritten after the call
    void accept(int row, double[] sums);
  }

  /// All rows, float32.
  ///
  /// @param in `[columns, tokens]`
  /// @param bias `[rows]`, added to each token's sum
  /// @param out receives `[rows, tokens]`
  void multiply(Tensor weights, float @Nullable [] bias, float[] in, int tokens, float[] out) {
    multiply(
        weights,
        bias,
        in,
        tokens,
        (row, sums) -> {
          for (int t = 0; t < tokens; t++) {
            out[row * tokens + t] = (float) sums[t];
          }
        });
  }

  /// As above; each row goes to `sink`, called by any worker, once for each row.
  void multiply(Tensor weights, float @Nullable [] bias, float[] in, int tokens, RowSink sink) {
    int columns = (int) weights.columns();
    workers.split(
        (int) weights.rows(),
        (from, to) -> {
          float[] row = new float[columns];
          double[] sums = new double[tokens];
          for (int r = from; r < to; r++) {
            Dequantizer.row(weights, r, row, 0);
            Arrays.fill(sums, bias == null ? 0 : bias[r]);
            sumColumns(row, in, tokens, sums);
            sink.accept(r, sums);
          }
        });
  }

  private static void sumColumns(float[] row, float[] in, int tokens, double[] sums) {
    int column = 0;
    for (; column + 4 <= row.length; column += 4) {
      addFour(row, column, in, tokens, sums);
    }
    for (; column < row.length; column++) {
      double weight = row[column];
      for (int t = 0; t < tokens; t++) {
        sums[t] += weight * in[column * tokens + t];
      }
    }
  }

  /// Four columns in one go, still one after the other for each token: a quarter of the loads and
  /// stores of the sums.
  private static void addFour(float[] row, int column, float[] in, int tokens, double[] sums) {
    double w0 = row[column];
    double w1 = row[column + 1];
    double w2 = row[column + 2];
    double w3 = row[column + 3];
    int in0 = column * tokens;
    int in1 = in0 + tokens;
    int in2 = in1 + tokens;
    int in3 = in2 + tokens;
    for (int t = 0; t < tokens; t++) {
      sums[t] = sums[t] + w0 * in[in0 + t] + w1 * in[in1 + t] + w2 * in[in2 + t] + w3 * in[in3 + t];
    }
  }
}
