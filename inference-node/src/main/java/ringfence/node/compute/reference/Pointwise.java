package ringfence.node.compute.reference;

import ringfence.node.model.ModelSpec.Activation;

/// What is done to a token's elements between the matrices. Shapes are `[elements, tokens]`.
final class Pointwise {
  /// sqrt(2 / pi).
  private static final double GELU_SCALE = 0.7978845608028654;

  private static final double GELU_CUBE = 0.044715;

  private Pointwise() {}

  /// RMS norm (Zhang and Sennrich, 2019) of each token's groups of `weight.length` elements: `x /
  /// sqrt(mean(x^2) + epsilon) * weight`. `in` and `out` may be the same.
  static void norm(float[] in, float[] weight, float epsilon, int groups, int tokens, float[] out) {
    int size = weight.length;
    for (int group = 0; group < groups; group++) {
      int start = group * size * tokens;
      for (int t = 0; t < tokens; t++) {
        double squares = 0;
        for (int e = 0; e < size; e++) {
          double x = in[start + e * tokens + t];
          squares += x * x;
        }
        float scale = (float) (1 / Math.sqrt(squares / size + epsilon));
        for (int e = 0; e < size; e++) {
          int at = start + e * tokens + t;
          out[at] = weight[e] * (in[at] * scale);
        }
      }
    }
  }

  /// `x += y` over the first `count`.
  static void add(float[] x, float[] y, int count) {
    for (int i = 0; i < count; i++) {
      x[i] += y[i];
    }
  }

  /// `gate = activation(gate) * up` from `from` to `to`.
  static void gate(Activation activation, float[] gate, float[] up, int from, int to) {
    for (int i = from; i < to; i++) {
      gate[i] = (float) activate(activation, gate[i]) * up[i];
    }
  }

  private static double activate(Activation activation, double x) {
    return switch (activation) {
      case SILU -> x / (1 + StrictMath.exp(-x));
      case GELU_TANH -> 0.5 * x * (1 + StrictMath.tanh(GELU_SCALE * (x + GELU_CUBE * x * x * x)));
    };
  }
}
