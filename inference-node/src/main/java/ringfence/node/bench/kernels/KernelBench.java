package ringfence.node.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.device.Recording.Timing;
import ringfence.node.compute.vulkan.device.Submission;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Product;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// Times each variant of the matrix kernels by the device's timestamps, a barrier after each
/// product, with weights that take turns so that they come from memory.
public final class KernelBench implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long BUSY_NANOS = 1_300_000_000L;
  private static final double SEGMENT_NANOS = 1.5e6;
  private static final int SEGMENTS = 5;
  private static final int MOST_REPEATS = 300;
  private static final int SHOWN = 5;

  /// A vocabulary's rows are wanted for the last tokens of sequences alone, never for whole
  /// prompts.
  private static final int MOST_RESULTS = 64 << 20;

  /// A matrix to multiply with.
  public record Shape(int rows, int columns) {}

  /// What to time.
  ///
  /// @param footprint bytes of weights that take turns
  /// @param only text that a variant's name holds; empty: all
  public record Plan(
      List<WeightFormat> formats,
      List<Shape> shapes,
      List<Integer> tokens,
      long footprint,
      String only) {}

  private record Case(WeightLayout layout, int tokens, List<Choice> choices) {}

  private record Timed(Choice choice, double nanos) {}

  private final Gpu gpu;
  private final Matrices matrices;
  private final Plan plan;
  private final GpuBuffer weights;
  private final GpuBuffer inputs;
  private final GpuBuffer outputs;

  public KernelBench(Gpu gpu, Matrices matrices, Plan plan) {
    this.gpu = gpu;
    this.matrices = matrices;
    this.plan = plan;
    long largest = plan.footprint();
    long in = 4;
    long out = 4;
    for (Shape shape : plan.shapes()) {
      for (WeightFormat format : plan.formats()) {
        largest =
            Math.max(
                largest, GpuMatrix.bytes(new WeightLayout(format, shape.rows(), shape.columns())));
      }
      for (int tokens : plan.tokens()) {
        if (timed(shape, tokens)) {
          // Kernels may read what tokens fill up a fragment.
          in = Math.max(in, (tokens + 15L) / 16 * 16 * 4 * shape.columns());
          out = Math.max(out, 4L * tokens * shape.rows());
        }
      }
    }
    weights = filled(2 * largest);
    inputs = filled(in);
    outputs = gpu.allocate(out, MemoryUse.DEVICE);
  }

  private static boolean timed(Shape shape, int tokens) {
    return (long) shape.rows() * tokens <= MOST_RESULTS;
  }

  /// Random bytes that are no float16 NaN and no infinity.
  private GpuBuffer filled(long bytes) {
    GpuBuffer target = gpu.allocate(bytes, MemoryUse.DEVICE);
    int part = (int) Math.min(bytes, 16 << 20) / 8 * 8;
    try (GpuBuffer source = gpu.allocate(part, MemoryUse.UPLOAD);
        Recording copy = gpu.record()) {
      MemorySegment mapped = source.mapped();
      Random random = new Random(1);
      for (int i = 0; i < part / 8; i++) {
        mapped.setAtIndex(ValueLayout.JAVA_LONG, i, random.nextLong() & 0x3B3B_3B3B_3B3B_3B3BL);
      }
      for (long at = 0; at < bytes; at += part) {
        copy.copy(source, 0, target, at, Math.min(part, bytes - at));
      }
      gpu.submit(copy.end()).await(LIMIT);
    }
    return target;
  }

  /// Times all and prints a line a case, its fastest variants first.
  public void run(Consumer<String> out) {
    List<Case> cases = new ArrayList<>();
    for (WeightFormat format : plan.formats()) {
      for (Shape shape : plan.shapes()) {
        for (int tokens : plan.tokens()) {
          if (timed(shape, tokens)) {
            WeightLayout layout = new WeightLayout(format, shape.rows(), shape.columns());
            cases.add(new Case(layout, tokens, usable(layout, tokens, out)));
          }
        }
      }
    }
    boolean warm = false;
    for (Case one : cases) {
      List<Timed> timed = new ArrayList<>();
      for (Choice choice : one.choices()) {
        if (!warm) {
          keepBusy(one, choice);
          warm = true;
        }
        timed.add(new Timed(choice, time(one, choice)));
      }
      timed.sort(Comparator.comparingDouble(Timed::nanos));
      out.accept(line(one, timed));
    }
  }

  /// Builds the pipelines of those that the device can run, before anything is timed.
  private List<Choice> usable(WeightLayout layout, int tokens, Consumer<String> out) {
    List<Choice> all = new ArrayList<>();
    for (Choice choice : KernelVariants.of(layout, tokens, matrices)) {
      if (choice.toString().contains(plan.only())) {
        try (Recording recording = gpu.record()) {
          matrices.record(recording, product(layout, 0), tokens, choice);
          all.add(choice);
        } catch (GpuException e) {
          if (e.reason() != GpuException.Reason.UNSUPPORTED) {
            throw e;
          }
          out.accept(choice + " is left out: " + e.getMessage());
        }
      }
    }
    return all;
  }

  private Product product(WeightLayout layout, long copy) {
    return Product.of(
        new GpuMatrix(layout, weights, copy * GpuMatrix.bytes(layout)),
        inputs.address(),
        layout.columns(),
        outputs.address(),
        layout.rows());
  }

  private long copies(WeightLayout layout) {
    long bytes = GpuMatrix.bytes(layout);
    return Math.clamp(Math.ceilDiv(plan.footprint(), bytes), 1, weights.size() / bytes);
  }

  private void keepBusy(Case one, Choice choice) {
    long end = System.nanoTime() + BUSY_NANOS;
    try (Recording recording = recording(one, choice, 20, 1)) {
      while (System.nanoTime() < end) {
        gpu.submit(recording).await(LIMIT);
      }
    }
  }

  private double time(Case one, Choice choice) {
    double estimate;
    try (Recording recording = recording(one, choice, 2, 2)) {
      estimate = median(gpu.submit(recording), 2);
    }
    long wanted = (long) (SEGMENT_NANOS / Math.max(estimate, 1000));
    int repeats = Math.clamp(wanted, 1, MOST_REPEATS);
    try (Recording recording = recording(one, choice, repeats, SEGMENTS)) {
      gpu.submit(recording).await(LIMIT);
      return median(gpu.submit(recording), repeats);
    }
  }

  private Recording recording(Case one, Choice choice, int repeats, int segments) {
    Recording recording = gpu.record(segments + 1);
    long copies = copies(one.layout());
    long turn = 0;
    recording.timestamp("begin");
    for (int segment = 0; segment < segments; segment++) {
      for (int i = 0; i < repeats; i++) {
        matrices.record(recording, product(one.layout(), turn++ % copies), one.tokens(), choice);
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

  private String line(Case one, List<Timed> timed) {
    WeightLayout layout = one.layout();
    StringBuilder line =
        new StringBuilder(
            String.format(
                Locale.ROOT,
                "%s %dx%d @%d:",
                layout.format(),
                layout.rows(),
                layout.columns(),
                one.tokens()));
    Choice chosen =
        matrices.choose(layout.format(), layout.rows(), layout.columns(), one.tokens(), 1);
    for (int i = 0; i < timed.size(); i++) {
      Timed it = timed.get(i);
      if (i < SHOWN || it.choice().equals(chosen)) {
        line.append(
            String.format(
                Locale.ROOT,
                "%s %.1f us%s %s%s",
                i == 0 ? "" : " |",
                it.nanos() / 1e3,
                i == 0 ? rate(one, it.nanos()) : "",
                it.choice(),
                it.choice().equals(chosen) ? " (chosen)" : ""));
      }
    }
    return line.toString();
  }

  private static String rate(Case one, double nanos) {
    WeightLayout layout = one.layout();
    double gigabytes = layout.bytes() / nanos;
    double teraflops = 2.0 * layout.rows() * layout.columns() * one.tokens() / nanos / 1e3;
    return String.format(
        Locale.ROOT,
        one.tokens() < 64 ? " %.0f GB/s" : " %.1f TFLOP/s",
        one.tokens() < 64 ? gigabytes : teraflops);
  }

  @Override
  public void close() {
    weights.close();
    inputs.close();
    outputs.close();
  }
}
