package ringfence.node.bench.kernels;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// Times each variant of the matrix kernels by the device's timestamps, a barrier after each
/// product, with weights that take turns so that they come from memory.
public final class KernelBench implements AutoCloseable {
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

  private record Case(KernelTimer.Work work, List<Choice> choices) {}

  private record Timed(Choice choice, double nanos) {}

  private final Matrices matrices;
  private final Plan plan;
  private final List<KernelTimer.Work> works;
  private final KernelTimer timer;

  public KernelBench(Gpu gpu, Matrices matrices, Plan plan) {
    this.matrices = matrices;
    this.plan = plan;
    this.works = works(plan);
    this.timer = new KernelTimer(gpu, matrices, plan.footprint(), works);
  }

  private static List<KernelTimer.Work> works(Plan plan) {
    List<KernelTimer.Work> works = new ArrayList<>();
    for (WeightFormat format : plan.formats()) {
      for (Shape shape : plan.shapes()) {
        for (int tokens : plan.tokens()) {
          if (timed(shape.rows(), tokens)) {
            WeightLayout layout = new WeightLayout(format, shape.rows(), shape.columns());
            works.add(new KernelTimer.Work(layout, tokens, 1));
          }
        }
      }
    }
    return works;
  }

  static boolean timed(int rows, int tokens) {
    return (long) rows * tokens <= MOST_RESULTS;
  }

  /// Times all and prints a line a case, its fastest variants first.
  public void run(Consumer<String> out) {
    List<Case> cases = new ArrayList<>();
    for (KernelTimer.Work work : works) {
      cases.add(new Case(work, usable(work, out)));
    }
    boolean warm = false;
    for (Case one : cases) {
      List<Timed> timed = new ArrayList<>();
      for (Choice choice : one.choices()) {
        if (!warm) {
          timer.keepBusy(one.work(), choice);
          warm = true;
        }
        timed.add(new Timed(choice, timer.time(one.work(), choice)));
      }
      timed.sort(Comparator.comparingDouble(Timed::nanos));
      out.accept(line(one.work(), timed));
    }
  }

  /// Builds the pipelines of those that the device can run, before anything is timed.
  private List<Choice> usable(KernelTimer.Work work, Consumer<String> out) {
    List<Choice> all = new ArrayList<>();
    for (Choice choice : KernelVariants.of(work.layout(), work.tokens(), matrices)) {
      if (choice.toString().contains(plan.only())) {
        try {
          timer.prepare(work, choice);
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

  private String line(KernelTimer.Work one, List<Timed> timed) {
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

  private static String rate(KernelTimer.Work one, double nanos) {
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
    timer.close();
  }
}
