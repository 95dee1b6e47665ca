package ringfence.node.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.device.Recording.Timing;
import ringfence.node.compute.vulkan.device.Submission;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// Times products by the device's timestamps, a barrier after each, with weights that take turns so
/// that they come from memory.
final class KernelTimer implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long BUSY_NANOS = 1_300_000_000L;
  private static final double SEGMENT_NANOS = 1.5e6;
  private static final int SEGMENTS = 5;
  private static final int MOST_REPEATS = 300;

  /// A product to time.
  ///
  /// @param matrices 2: gated
  record Work(WeightLayout layout, int tokens, int matrices) {}

  private final Gpu gpu;
  private final Matrices matrices;
  private final long footprint;
  private final GpuBuffer weights;
  private final GpuBuffer inputs;
  private final GpuBuffer outputs;

  /// Makes room for all that will be timed.
  ///
  /// @param footprint bytes of weights that take turns
  KernelTimer(Gpu gpu, Matrices matrices, long footprint, List<Work> all) {
    this.gpu = gpu;
    this.matrices = matrices;
    this.footprint = footprint;
    long largest = footprint;
    long in = 4;
    long out = 4;
    for (Work work : all) {
      largest = Math.max(largest, work.matrices() * GpuMatrix.bytes(work.layout()));
      // Kernels may read what tokens fill up a fragment.
      in = Math.max(in, (work.tokens() + 15L) / 16 * 16 * 4 * work.layout().columns());
      out = Math.max(out, 4L * work.tokens() * work.layout().rows());
    }
    weights = filled(2 * largest);
    inputs = filled(in);
    outputs = gpu.allocate(out, MemoryUse.DEVICE);
  }

  /// Random bytes that are no float16 NaN and no infinity.
  private GpuBuffer filled(long bytes) {
    GpuBuffer target = gpu.allocate(bytes, MemoryUse.DEVICE);
    int part = (int) Math.min(bytes, 16 << 20) / 8 * 8;
    try (GpuBuffer source = gpu.allocate(Math.max(8, part), MemoryUse.UPLOAD);
        Recording copy = gpu.record()) {
      MemorySegment mapped = source.mapped();
      Random random = new Random(1);
      for (int i = 0; i < part / 8; i++) {
        mapped.setAtIndex(ValueLayout.JAVA_LONG, i, random.nextLong() & 0x3B3B_3B3B_3B3B_3B3BL);
      }
      for (long at = 0; part > 0 && at < bytes; at += part) {
        copy.copy(source, 0, target, at, Math.min(part, bytes - at));
      }
      gpu.submit(copy.end()).await(LIMIT);
    }
    return target;
  }

  /// Builds the pipeline that a choice needs.
  ///
  /// @throws ringfence.node.compute.vulkan.device.GpuException `UNSUPPORTED` when the device can't
  void prepare(Work work, Choice choice) {
    try (Recording recording = gpu.record()) {
      matrices.record(recording, product(work, 0), work.tokens(), choice);
    }
  }

  private Product product(Work work, long copy) {
    WeightLayout layout = work.layout();
    long bytes = GpuMatrix.bytes(layout);
    long first = copy * work.matrices() * bytes;
    Product product =
        Product.of(
            new GpuMatrix(layout, weights, first),
            inputs.address(),
            layout.columns(),
            outputs.address(),
            layout.rows());
    return work.matrices() == 1
        ? product
        : product.gated(Gate.SILU, new GpuMatrix(layout, weights, first + bytes));
  }

  private long copies(Work work) {
    long bytes = work.matrices() * GpuMatrix.bytes(work.layout());
    return Math.clamp(Math.ceilDiv(footprint, bytes), 1, weights.size() / bytes);
  }

  /// Lets the device's clock climb.
  void keepBusy(Work work, Choice choice) {
    long end = System.nanoTime() + BUSY_NANOS;
    try (Recording recording = recording(work, choice, 20, 1)) {
      while (System.nanoTime() < end) {
        gpu.submit(recording).await(LIMIT);
      }
    }
  }

  /// Nanoseconds of one product: the median of several segments.
  double time(Work work, Choice choice) {
    double estimate;
    try (Recording recording = recording(work, choice, 2, 2)) {
      estimate = median(gpu.submit(recording), 2);
    }
    long wanted = (long) (SEGMENT_NANOS / Math.max(estimate, 1000));
    int repeats = Math.clamp(wanted, 1, MOST_REPEATS);
    try (Recording recording = recording(work, choice, repeats, SEGMENTS)) {
      gpu.submit(recording).await(LIMIT);
      return median(gpu.submit(recording), repeats);
    }
  }

  private Recording recording(Work work, Choice choice, int repeats, int segments) {
    Recording recording = gpu.record(segments + 1);
    long copies = copies(work);
    long turn = 0;
    recording.timestamp("begin");
    for (int segment = 0; segment < segments; segment++) {
      for (int i = 0; i < repeats; i++) {
        matrices.record(recording, product(work, turn++ % copies), work.tokens(), choice);
        recording.barrier();
      }
      recording.timestamp("segment");
    }
    return recording.end();
  }

  private static double median(Submission submission, int repeats) {
    submission.await(LIMIT);
    List<Timing> timings = submission.timings();
    double[] each = new double[timings.size() - 1];
    for (int i = 0; i < each.length; i++) {
      each[i] = (timings.get(i + 1).nanos() - timings.get(i).nanos()) / repeats;
    }
    Arrays.sort(each);
    return each[each.length / 2];
  }

  @Override
  public void close() {
    weights.close();
    inputs.close();
    outputs.close();
  }
}
