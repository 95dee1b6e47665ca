package ringfence.node.bench.kernels;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import ringfence.node.bench.kernels.KernelCase.Extras;
import ringfence.node.bench.kernels.KernelTimer.Work;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.FragmentShape;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Bucket;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// Finds the fastest kernel for each product of a model on a device, in a time that is set. A
/// kernel whose results are not right is never taken, nor one that is no clear gain over the usual
/// one.
public final class KernelTuner implements AutoCloseable {
  /// What a kernel must take of the usual one's time to be worth remembering.
  private static final double GAIN = 0.97;

  private static final long FOOTPRINT = 256L << 20;
  private static final int CHECKED_ROWS = 272;

  /// A matrix of a model.
  ///
  /// @param matrices 2: it comes with another of its shape, gated
  public record Matrix(WeightLayout layout, int matrices) {}

  /// What came of it.
  ///
  /// @param tuned what beats the usual kernels
  /// @param measured products that were finished
  /// @param all products that there are
  public record Result(TunedShapes tuned, Set<TunedShapes.Key> measured, int all) {}

  /// Whether a kernel is right, and its nanoseconds; so that both can be made up.
  interface Trial {
    /// Whether the results are right.
    boolean right(Work work, Choice choice);

    /// Nanoseconds of one product.
    double nanos(Work work, Choice choice);

    /// The kernels to try.
    List<Choice> choices(Work work);

    /// The one that is taken otherwise.
    Choice usual(Work work);
  }

  private final List<Work> works;
  private final KernelTimer timer;
  private final Trial trial;

  /// For all numbers of tokens.
  public KernelTuner(Gpu gpu, Matrices matrices, List<Matrix> model) {
    this(gpu, matrices, works(model), FOOTPRINT);
  }

  KernelTuner(Gpu gpu, Matrices matrices, List<Work> works, long footprint) {
    this.works = works;
    timer = new KernelTimer(gpu, matrices, footprint, works);
    trial = new OnDevice(gpu, matrices, timer);
  }

  /// By how many tokens they serve: all matrices for one token first.
  private static List<Work> works(List<Matrix> model) {
    List<Work> works = new ArrayList<>();
    for (Bucket bucket : Bucket.all()) {
      for (Matrix matrix : model.stream().distinct().toList()) {
        if (KernelBench.timed(matrix.layout().rows(), bucket.measured())) {
          works.add(new Work(matrix.layout(), bucket.measured(), matrix.matrices()));
        }
      }
    }
    return works;
  }

  /// Measures.
  ///
  /// @param limit no product is begun after that
  /// @param out a line for each product
  public Result tune(Duration limit, Consumer<String> out) {
    if (!works.isEmpty()) {
      timer.keepBusy(works.getFirst(), trial.usual(works.getFirst()));
    }
    long end = System.nanoTime() + limit.toNanos();
    return tune(works, trial, () -> System.nanoTime() < end, out);
  }

  static Result tune(List<Work> works, Trial trial, BooleanSupplier time, Consumer<String> out) {
    Map<TunedShapes.Key, Choice> found = new HashMap<>();
    Set<TunedShapes.Key> measured = new HashSet<>();
    for (Work work : works) {
      if (!time.getAsBoolean()) {
        break;
      }
      Choice usual = trial.usual(work);
      double before = trial.nanos(work, usual);
      Choice best = usual;
      double least = before * GAIN;
      for (Choice choice : trial.choices(work)) {
        if (!time.getAsBoolean()) {
          break;
        }
        double nanos = trial.nanos(work, choice);
        if (nanos < least && trial.right(work, choice)) {
          best = choice;
          least = nanos;
        }
      }
      WeightLayout layout = work.layout();
      TunedShapes.Key key =
          new TunedShapes.Key(
              layout.format(),
              layout.rows(),
              layout.columns(),
              work.matrices(),
              Bucket.of(work.tokens()));
      measured.add(key);
      if (!best.equals(usual)) {
        found.put(key, best);
      }
      out.accept(
          "%s %dx%d%s @%d: %s"
              .formatted(
                  layout.format(),
                  layout.rows(),
                  layout.columns(),
                  work.matrices() == 2 ? " gated" : "",
                  work.tokens(),
                  best.equals(usual)
                      ? String.format(Locale.ROOT, "%.1f us, %s stays", before / 1e3, usual)
                      : String.format(
                          Locale.ROOT,
                          "%.1f us with %s, %.1f with %s",
                          before / 1e3,
                          usual,
                          least / 1e3,
                          best)));
    }
    return new Result(new TunedShapes(found), measured, works.size());
  }

  /// On the device itself.
  private record OnDevice(
      Matrices matrices, KernelTimer timer, KernelCheck check, Set<String> right, Set<String> wrong)
      implements Trial {

    OnDevice(Gpu gpu, Matrices matrices, KernelTimer timer) {
      this(matrices, timer, new KernelCheck(gpu, matrices), new HashSet<>(), new HashSet<>());
    }

    @Override
    public Choice usual(Work work) {
      WeightLayout layout = work.layout();
      return matrices.byDefault(
          layout.format(), layout.rows(), layout.columns(), work.tokens(), work.matrices());
    }

    /// Of the usual one's kind: another takes other input.
    @Override
    public List<Choice> choices(Work work) {
      Choice usual = usual(work);
      List<Choice> all = new ArrayList<>();
      for (Choice choice : KernelVariants.of(work.layout(), work.tokens(), matrices)) {
        if (choice.getClass() == usual.getClass()
            && !choice.equals(usual)
            && (work.matrices() == 1 || gates(choice))) {
          try {
            timer.prepare(work, choice);
            all.add(choice);
          } catch (GpuException e) {
            if (e.reason() != GpuException.Reason.UNSUPPORTED) {
              throw e;
            }
          }
        }
      }
      return all;
    }

    private static boolean gates(Choice choice) {
      return switch (choice) {
        case Choice.MatVec(var shape, boolean integer) -> shape.tiles() % 2 == 0;
        case Choice.Fragments(FragmentShape shape) -> shape.rowTiles() % 2 == 0;
        case Choice.Tiled tiled -> true;
      };
    }

    @Override
    public double nanos(Work work, Choice choice) {
      return timer.time(work, choice);
    }

    /// The same columns and tokens, few rows: all that a kernel does differently is in these.
    @Override
    public boolean right(Work work, Choice choice) {
      WeightLayout layout = work.layout();
      String what = choice + " " + layout.format() + " " + layout.columns() + " " + work.matrices();
      if (right.contains(what) || wrong.contains(what)) {
        return right.contains(what);
      }
      Gate gate = work.matrices() == 2 ? Gate.SILU : Gate.NONE;
      KernelCase test =
          new KernelCase(
              choice,
              layout.format(),
              Math.min(CHECKED_ROWS, layout.rows()),
              layout.columns(),
              Math.min(work.tokens(), 64),
              new Extras(gate, false, false, false, Numbers.F32),
              7);
      boolean ok = check.worst(test) <= 1;
      (ok ? right : wrong).add(what);
      return ok;
    }
  }

  @Override
  public void close() {
    timer.close();
  }
}
