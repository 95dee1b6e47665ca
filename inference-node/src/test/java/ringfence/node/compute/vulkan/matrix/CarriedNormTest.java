package ringfence.node.compute.vulkan.matrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.Repacker;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// A product that leaves a norm behind and one that takes it compute what a product, a norm and a
/// product do. On devices with matrix units; elsewhere only that no product claims to.
@ExtendWith(VulkanExtension.class)
class CarriedNormTest {
  private static final float EPSILON = 1e-5f;
  private static final int COLUMNS = 192;
  private static final int ROWS_BEHIND = 80;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @ParameterizedTest
  @CsvSource({
    "576,2", "64,3", "1024,8", "4096,7", "4096,16", "2560,17", "896,33", "4096,64", "1152,64"
  })
  void twoProductsComputeTheNormBetweenThem(int rows, int tokens, Pipelines pipelines) {
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST)) {
      assumeTrue(matrices.fragmentOrder().isPresent(), "needs matrix units");
      new Chain(pipelines, matrices, rows, tokens).check();
    }
  }

  /// Where an order of summation is promised, sums of parts that depend on the number of tokens are
  /// not for it.
  @Test
  void nothingIsCarriedWhereTokensMustNotDependOnTheBatch(Pipelines pipelines) {
    for (Arithmetic arithmetic : new Arithmetic[] {Arithmetic.DETERMINISTIC, Arithmetic.EXACT}) {
      try (Matrices matrices = new Matrices(pipelines, arithmetic);
          GpuBuffer buffer = pipelines.gpu().allocate(1 << 16, MemoryUse.DEVICE)) {
        GpuMatrix matrix = new GpuMatrix(new WeightLayout(WeightFormat.F16, 64, 64), buffer, 0);
        assertThat(matrices.carriedParts(matrix, 8)).isZero();
      }
    }
  }

  /// A product to `rows` of a residual stream, and one from there.
  private static final class Chain {
    private final Gpu gpu;
    private final Matrices matrices;
    private final int rows;
    private final int stride;
    private final int tokens;
    private final Random random;
    private final float[] before;
    private final float[] behind;
    private final float[] input;
    private final float[] stream;
    private final float[] weights;

    Chain(Pipelines pipelines, Matrices matrices, int rows, int tokens) {
      this.gpu = pipelines.gpu();
      this.matrices = matrices;
      this.rows = rows;
      this.stride = Math.ceilDiv(rows, 64) * 64;
      this.tokens = tokens;
      random = new Random(rows + tokens);
      before = halfNumbers(rows * COLUMNS, 0.1f);
      behind = halfNumbers(ROWS_BEHIND * rows, 0.1f);
      input = halfNumbers(tokens * COLUMNS, 1);
      stream = numbers(tokens * stride, 3);
      weights = numbers(rows, 1);
    }

    private float[] numbers(int count, float spread) {
      float[] all = new float[count];
      for (int i = 0; i < count; i++) {
        all[i] = spread * (float) random.nextGaussian();
      }
      return all;
    }

    private float[] halfNumbers(int count, float spread) {
      float[] all = numbers(count, spread);
      for (int i = 0; i < count; i++) {
        all[i] = Float.float16ToFloat(Float.floatToFloat16(all[i]));
      }
      return all;
    }

    void check() {
      WeightLayout layoutBefore = new WeightLayout(WeightFormat.F16, rows, COLUMNS);
      WeightLayout layoutBehind = new WeightLayout(WeightFormat.F16, ROWS_BEHIND, rows);
      float[] state = new float[(int) (CarriedNorm.STATE_BYTES / 4)];
      double[][] sums = new double[tokens][rows];
      for (int t = 0; t < tokens; t++) {
        double squares = 0;
        for (int r = 0; r < rows; r++) {
          double sum = stream[t * stride + r];
          for (int c = 0; c < COLUMNS; c++) {
            sum += (double) before[r * COLUMNS + c] * input[t * COLUMNS + c];
          }
          sums[t][r] = sum;
          squares += sum * sum;
        }
        // The norm before this one was up to four times off.
        state[t] = (float) (scale(squares) / 128 * Math.pow(2, 4 * random.nextDouble() - 2));
      }
      try (GpuBuffer one = upload(layoutBefore, before);
          GpuBuffer two = upload(layoutBehind, behind);
          GpuBuffer in = shared(halves(input));
          GpuBuffer residual = shared(MemorySegment.ofArray(stream));
          GpuBuffer norm = shared(MemorySegment.ofArray(weights));
          GpuBuffer carried = shared(MemorySegment.ofArray(state));
          GpuBuffer normed = gpu.allocate(2L * tokens * stride, MemoryUse.DEVICE);
          GpuBuffer out = gpu.allocate(4L * tokens * ROWS_BEHIND, MemoryUse.SHARED);
          Recording recording = gpu.record()) {
        GpuMatrix first = new GpuMatrix(layoutBefore, one, 0);
        int parts = matrices.carriedParts(first, tokens);
        assertThat(parts).isPositive();
        recording.fill(normed, 0, normed.size(), 0).fullBarrier();
        matrices.record(
            recording,
            Product.of(first, in.address(), COLUMNS, residual.address(), stride)
                .plusResidual(residual.address(), stride)
                .carrying(CarriedNorm.left(carried.address(), 0, norm.address(), normed.address())),
            tokens);
        recording.fullBarrier();
        matrices.record(
            recording,
            Product.of(
                    new GpuMatrix(layoutBehind, two, 0),
                    normed.address(),
                    stride,
                    out.address(),
                    ROWS_BEHIND)
                .carrying(CarriedNorm.taken(carried.address(), 0, parts, EPSILON, true)),
            tokens);
        gpu.submit(recording.fullBarrier().end()).await(LIMIT);
        compare(sums, residual.mapped(), out.mapped(), carried.mapped());
      }
    }

    private double scale(double squares) {
      return 1 / Math.sqrt(squares / rows + EPSILON);
    }

    private void compare(
        double[][] sums, MemorySegment left, MemorySegment out, MemorySegment state) {
      for (int t = 0; t < tokens; t++) {
        double squares = 0;
        for (int r = 0; r < rows; r++) {
          squares += sums[t][r] * sums[t][r];
          assertThat((double) at(left, t * stride + r))
              .as("the stream, token %d, row %d", t, r)
              .isCloseTo(sums[t][r], within(1e-4));
        }
        double scale = scale(squares);
        for (int m = 0; m < ROWS_BEHIND; m++) {
          double sum = 0;
          double size = 0;
          for (int r = 0; r < rows; r++) {
            double product = behind[m * rows + r] * sums[t][r] * scale * weights[r];
            sum += product;
            size += Math.abs(product);
          }
          assertThat((double) at(out, t * ROWS_BEHIND + m))
              .as("token %d, row %d", t, m)
              .isCloseTo(sum, within(1e-3 * size));
        }
        assertThat((double) at(state, CarriedNorm.MOST_TOKENS + t))
            .as("the scale of token %d handed on", t)
            .isCloseTo(scale / 128, within(1e-4 * scale));
      }
    }

    private static float at(MemorySegment floats, int index) {
      return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    private GpuBuffer upload(WeightLayout layout, float[] numbers) {
      byte[] packed = new byte[Math.toIntExact(layout.bytes())];
      Repacker repacker = new Repacker(layout, halves(numbers));
      for (int rowTile = 0; rowTile < layout.rowTiles(); rowTile++) {
        repacker.pack(rowTile, MemorySegment.ofArray(packed), rowTile, layout.rowTiles());
      }
      return shared(MemorySegment.ofArray(packed));
    }

    private GpuBuffer shared(MemorySegment content) {
      GpuBuffer buffer = gpu.allocate(content.byteSize(), MemoryUse.SHARED);
      buffer.mapped().copyFrom(content);
      return buffer;
    }

    private static MemorySegment halves(float[] numbers) {
      short[] all = new short[numbers.length];
      for (int i = 0; i < all.length; i++) {
        all[i] = Float.floatToFloat16(numbers[i]);
      }
      return MemorySegment.ofArray(all);
    }
  }
}
