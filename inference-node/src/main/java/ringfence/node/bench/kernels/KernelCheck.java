package ringfence.node.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Random;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.Repacker;
import ringfence.node.compute.vulkan.weights.WeightLayout;
import ringfence.node.gguf.Dequantizer;

/// Computes products of random numbers on the device and compares them with float64 ones of the
/// numbers that [Dequantizer] makes of the same bytes.
public final class KernelCheck {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final float EPSILON = 1e-5f;
  private static final int UNTOUCHED = 0x7FC0_1234; // a NaN, in float16 one and a number

  private final Gpu gpu;
  private final Matrices matrices;

  public KernelCheck(Gpu gpu, Matrices matrices) {
    this.gpu = gpu;
    this.matrices = matrices;
  }

  /// The largest error, as a share of the case's bound: at most 1 when it is right. Infinite when a
  /// result is no number, or something beside the results was written.
  public double worst(KernelCase test) {
    Random random = new Random(test.seed());
    KernelCase.Extras extras = test.extras();
    int inStride = (test.columns() + 7) / 8 * 8 + 8;
    int outStride = (test.rows() + 1) / 2 * 2 + 4;
    float[] inputs = inputs(test, inStride, random);
    float[] norm = gaussians(test.columns() + 1, random);
    float[] bias = gaussians(test.rows(), random);
    float[] residual = gaussians(test.tokens() * outStride, random);
    WeightLayout layout = new WeightLayout(test.format(), test.rows(), test.columns());
    byte[] first = RandomMatrix.stored(test.format().type(), test.rows(), test.columns(), random);
    byte[] second = RandomMatrix.stored(test.format().type(), test.rows(), test.columns(), random);
    int outWords = test.tokens() * outStride * extras.out().bytes() / 4;
    try (GpuBuffer one = upload(layout, first);
        GpuBuffer two = upload(layout, second);
        GpuBuffer in = shared(test.halfInput() ? halves(inputs) : floats(inputs));
        GpuBuffer normBuffer = shared(floats(norm));
        GpuBuffer biasBuffer = shared(floats(bias));
        GpuBuffer out = gpu.allocate(4L * outWords, MemoryUse.DEVICE);
        GpuBuffer back = gpu.allocate(4L * outWords, MemoryUse.READBACK);
        GpuBuffer before = shared(before(extras, residual, outWords));
        Recording recording = gpu.record()) {
      Product product =
          Product.of(
                  new GpuMatrix(layout, one, 0), in.address(), inStride, out.address(), outStride)
              .to(extras.out());
      if (extras.gate() != Gate.NONE) {
        product = product.gated(extras.gate(), new GpuMatrix(layout, two, 0));
      }
      if (extras.norm()) {
        product = product.normed(normBuffer.address(), EPSILON);
      }
      if (extras.bias()) {
        product = product.plusBias(biasBuffer.address());
      }
      if (extras.residual()) {
        product = product.plusResidual(out.address(), outStride);
      }
      recording.copy(before, 0, out, 0, 4L * outWords).fullBarrier();
      matrices.record(recording, product, test.tokens(), test.choice());
      recording.fullBarrier().copy(out, 0, back, 0, 4L * outWords).end();
      gpu.submit(recording).await(LIMIT);
      Expected expected = new Expected(test, first, second, inputs, inStride, norm, bias);
      return expected.worst(back.mapped(), residual, outStride);
    }
  }

  private static MemorySegment before(KernelCase.Extras extras, float[] residual, int words) {
    if (extras.residual()) {
      return floats(residual);
    }
    int[] untouched = new int[words];
    java.util.Arrays.fill(untouched, UNTOUCHED);
    return MemorySegment.ofArray(untouched);
  }

  /// What a case's results should be.
  private record Expected(
      KernelCase test,
      byte[] first,
      byte[] second,
      float[] inputs,
      int inStride,
      float[] norm,
      float[] bias) {

    double worst(MemorySegment results, float[] residual, int outStride) {
      double worst = 0;
      float[] row = new float[test.columns()];
      float[] other = new float[test.columns()];
      double[][] tokens = new double[test.tokens()][];
      for (int token = 0; token < tokens.length; token++) {
        tokens[token] = activations(token);
      }
      for (int m = 0; m < test.rows(); m++) {
        dequantise(first, m, row);
        dequantise(second, m, other);
        for (int token = 0; token < tokens.length; token++) {
          double[] a = tokens[token];
          double value = dot(row, a);
          double scale = dot(absolute(row), absolute(a));
          if (test.extras().gate() != Gate.NONE) {
            double up = dot(other, a);
            double upScale = dot(absolute(other), absolute(a));
            double activated = activated(value);
            // Neither activation is steeper than 1.13.
            scale = 1.13 * scale * Math.abs(up) + Math.abs(activated) * upScale;
            // Where both are off, their errors multiply.
            scale += test.bound() * upScale * dot(absolute(row), absolute(a));
            value = activated * up;
          }
          double allowed = test.bound() * scale;
          if (test.extras().bias()) {
            value += bias[m];
            allowed += 1e-7 * Math.abs(bias[m]);
          }
          if (test.extras().residual()) {
            value += residual[token * outStride + m];
            allowed += 1e-7 * Math.abs(residual[token * outStride + m]);
          }
          allowed += 1e-7 * Math.abs(value);
          if (test.extras().out() == Numbers.F16) {
            allowed += Math.abs(value) / 2048 + 3e-8;
          }
          double got = number(results, token * outStride + m);
          double error = Math.abs(got - value) / Math.max(allowed, 1e-30);
          worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
        }
      }
      return untouched(results, residual, outStride) ? worst : Double.POSITIVE_INFINITY;
    }

    /// Whether the space between tokens is as it was, but for the zero beside an odd last row.
    private boolean untouched(MemorySegment results, float[] residual, int outStride) {
      for (int token = 0; token < test.tokens(); token++) {
        for (int m = test.rows(); m < outStride; m++) {
          int at = token * outStride + m;
          if (test.extras().out() == Numbers.F16) {
            short bits = results.getAtIndex(ValueLayout.JAVA_SHORT, at);
            boolean zero = m == test.rows() && test.rows() % 2 == 1;
            if (zero ? bits != 0 : bits != (short) (at % 2 == 0 ? UNTOUCHED : UNTOUCHED >> 16)) {
              return false;
            }
          } else {
            int bits = results.getAtIndex(ValueLayout.JAVA_INT, at);
            int was = test.extras().residual() ? Float.floatToRawIntBits(residual[at]) : UNTOUCHED;
            if (bits != was) {
              return false;
            }
          }
        }
      }
      return true;
    }

    private double number(MemorySegment results, int at) {
      return test.extras().out() == Numbers.F16
          ? Float.float16ToFloat(results.getAtIndex(ValueLayout.JAVA_SHORT, at))
          : results.getAtIndex(ValueLayout.JAVA_FLOAT, at);
    }

    private double[] activations(int token) {
      double[] a = new double[test.columns()];
      double squares = 0;
      for (int k = 0; k < a.length; k++) {
        a[k] = inputs[token * inStride + k];
        squares += a[k] * a[k];
      }
      if (test.extras().norm()) {
        double factor = 1 / Math.sqrt(squares / a.length + EPSILON);
        for (int k = 0; k < a.length; k++) {
          a[k] *= factor * norm[k];
        }
      }
      return a;
    }

    private double activated(double x) {
      return test.extras().gate() == Gate.SILU
          ? x / (1 + Math.exp(-x))
          : 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private void dequantise(byte[] stored, int row, float[] out) {
      var type = test.format().type();
      Dequantizer.row(
          type,
          MemorySegment.ofArray(stored),
          row * type.bytes(test.columns()),
          out,
          0,
          test.columns());
    }
  }

  private static double dot(float[] w, double[] a) {
    double sum = 0;
    for (int k = 0; k < w.length; k++) {
      sum += w[k] * a[k];
    }
    return sum;
  }

  private static float[] absolute(float[] values) {
    float[] all = new float[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = Math.abs(values[i]);
    }
    return all;
  }

  private static double[] absolute(double[] values) {
    double[] all = new double[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = Math.abs(values[i]);
    }
    return all;
  }

  /// Activations, beyond the columns what a kernel must not count: zeros up to 8 columns as a
  /// product asks for with float16, else NaN.
  private static float[] inputs(KernelCase test, int stride, Random random) {
    float[] all = new float[test.tokens() * stride];
    for (int i = 0; i < all.length; i++) {
      int column = i % stride;
      float value = (float) random.nextGaussian();
      if (column < test.columns()) {
        all[i] = test.halfInput() ? Float.float16ToFloat(Float.floatToFloat16(value)) : value;
      } else {
        all[i] = test.halfInput() && column < (test.columns() + 7) / 8 * 8 ? 0 : Float.NaN;
      }
    }
    return all;
  }

  private static float[] gaussians(int count, Random random) {
    float[] all = new float[count];
    for (int i = 0; i < count; i++) {
      all[i] = (float) random.nextGaussian();
    }
    return all;
  }

  private GpuBuffer upload(WeightLayout layout, byte[] stored) {
    byte[] packed = new byte[Math.toIntExact(layout.bytes())];
    Repacker repacker = new Repacker(layout, MemorySegment.ofArray(stored));
    for (int rowTile = 0; rowTile < layout.rowTiles(); rowTile++) {
      repacker.pack(rowTile, MemorySegment.ofArray(packed), rowTile, layout.rowTiles());
    }
    return shared(MemorySegment.ofArray(packed));
  }

  private GpuBuffer shared(MemorySegment data) {
    GpuBuffer buffer = gpu.allocate(data.byteSize(), MemoryUse.SHARED);
    buffer.mapped().copyFrom(data);
    return buffer;
  }

  private static MemorySegment floats(float[] values) {
    return MemorySegment.ofArray(values);
  }

  private static MemorySegment halves(float[] values) {
    short[] bits = new short[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToFloat16(values[i]);
    }
    return MemorySegment.ofArray(bits);
  }
}
