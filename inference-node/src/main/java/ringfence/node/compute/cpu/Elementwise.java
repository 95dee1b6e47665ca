package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/// What happens to vectors between the matrices. Every method handles rows whose length is no
/// multiple of the vector width with the same operations, one lane at a time or padded.
final class Elementwise {
  private static final float SQRT_2_OVER_PI = 0.7978846f;
  private static final float GELU_CUBE = 0.044715f;

  private Elementwise() {}

  /// `out = x / sqrt(mean(x^2) + epsilon) * weight` (Zhang and Sennrich, 2019). `out` may be `x`.
  static void rmsNorm(
      float[] x,
      int at,
      float[] weight,
      int width,
      float epsilon,
      float[] out,
      int outAt,
      float[] lanes) {
    FloatVector squares = FloatVector.zero(FLOATS);
    int whole = FLOATS.loopBound(width);
    for (int i = 0; i < whole; i += COUNT) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
      squares = v.fma(v, squares);
    }
    float sum = Lanes.sum(squares, lanes);
    for (int i = whole; i < width; i++) {
      sum = Math.fma(x[at + i], x[at + i], sum);
    }
    float scale = (float) (1 / Math.sqrt(sum / width + epsilon));
    for (int i = 0; i < whole; i += COUNT) {
      FloatVector.fromArray(FLOATS, x, at + i)
          .mul(scale)
          .mul(FloatVector.fromArray(FLOATS, weight, i))
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < width; i++) {
      out[outAt + i] = x[at + i] * scale * weight[i];
    }
  }

  /// `x += y`.
  static void add(float[] x, int at, float[] y, int yAt, int width) {
    for (int i = 0; i < width; i++) {
      x[at + i] += y[yAt + i];
    }
  }

  /// `out = x * y`.
  ///
  /// @param width a multiple of [Lanes#COUNT]
  static void times(float[] x, int at, float[] y, int yAt, float[] out, int outAt, int width) {
    for (int i = 0; i < width; i += COUNT) {
      FloatVector.fromArray(FLOATS, x, at + i)
          .mul(FloatVector.fromArray(FLOATS, y, yAt + i))
          .intoArray(out, outAt + i);
    }
  }

  /// `gate = silu(gate) * up`, where `silu(x) = x / (1 + e^-x)`.
  ///
  /// @param up may be overwritten
  static void siluTimes(float[] gate, int at, float[] up, int upAt, int width) {
    int i = 0;
    for (; i + COUNT <= width; i += COUNT) {
      silu(FloatVector.fromArray(FLOATS, gate, at + i))
          .mul(FloatVector.fromArray(FLOATS, up, upAt + i))
          .intoArray(gate, at + i);
    }
    for (; i < width; i++) {
      gate[at + i] = silu(FloatVector.broadcast(FLOATS, gate[at + i])).lane(0) * up[upAt + i];
    }
  }

  /// `gate = gelu(gate) * up` with the tanh approximation. Since `(1 + tanh u) / 2 = 1 / (1 +
  /// e^-2u)`, `gelu(x) = x / (1 + e^(-2 sqrt(2 / pi) (x + 0.044715 x^3)))`.
  static void geluTimes(float[] gate, int at, float[] up, int upAt, int width) {
    int i = 0;
    for (; i + COUNT <= width; i += COUNT) {
      gelu(FloatVector.fromArray(FLOATS, gate, at + i))
          .mul(FloatVector.fromArray(FLOATS, up, upAt + i))
          .intoArray(gate, at + i);
    }
    for (; i < width; i++) {
      gate[at + i] = gelu(FloatVector.broadcast(FLOATS, gate[at + i])).lane(0) * up[upAt + i];
    }
  }

  private static FloatVector silu(FloatVector x) {
    return x.div(Exp.of(x.neg()).add(1));
  }

  private static FloatVector gelu(FloatVector x) {
    FloatVector cube = x.mul(x).mul(x).mul(GELU_CUBE);
    return x.div(Exp.of(x.add(cube).mul(-2 * SQRT_2_OVER_PI)).add(1));
  }
}
