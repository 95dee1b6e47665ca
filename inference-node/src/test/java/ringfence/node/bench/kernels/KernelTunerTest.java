package ringfence.node.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.bench.kernels.KernelTimer.Work;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.MatVecShape;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Bucket;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Key;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;

@ExtendWith(VulkanExtension.class)
class KernelTunerTest {
  private static final Choice USUAL = choice(1);
  private static final Choice FAST = choice(2);
  private static final Choice FASTER_BUT_WRONG = choice(3);
  private static final Choice HARDLY_FASTER = choice(4);

  private static Choice choice(int kGroups) {
    return new Choice.MatVec(new MatVecShape(kGroups, 2, 1, 1), true);
  }

  private static Work work(int rows, int matrices) {
    return new Work(new WeightLayout(WeightFormat.Q4_K, rows, 256), 1, matrices);
  }

  private record MadeUp(Map<Choice, Double> nanos, List<Choice> asked)
      implements KernelTuner.Trial {
    @Override
    public boolean right(Work work, Choice choice) {
      asked.add(choice);
      return !choice.equals(FASTER_BUT_WRONG);
    }

    @Override
    public double nanos(Work work, Choice choice) {
      return nanos.get(choice);
    }

    @Override
    public List<Choice> choices(Work work) {
      return nanos.keySet().stream().filter(c -> !c.equals(USUAL)).toList();
    }

    @Override
    public Choice usual(Work work) {
      return USUAL;
    }
  }

  @Test
  void takesTheFastestThatIsRight() {
    MadeUp trial =
        new MadeUp(
            Map.of(USUAL, 100.0, FAST, 60.0, FASTER_BUT_WRONG, 10.0, HARDLY_FASTER, 98.0),
            new ArrayList<>());
    List<String> lines = new ArrayList<>();
    KernelTuner.Result result =
        KernelTuner.tune(List.of(work(64, 1), work(64, 2)), trial, () -> true, lines::add);
    assertThat(trial.asked()).contains(FASTER_BUT_WRONG);
    assertThat(result.tuned().choices())
        .containsOnly(
            Map.entry(new Key(WeightFormat.Q4_K, 64, 256, 1, Bucket.of(1)), FAST),
            Map.entry(new Key(WeightFormat.Q4_K, 64, 256, 2, Bucket.of(1)), FAST));
    assertThat(result.measured()).hasSize(2);
    assertThat(lines).hasSize(2).allMatch(line -> line.contains(FAST.toString()));
  }

  @Test
  void theUsualOneStaysWhereNothingIsAClearGain() {
    MadeUp trial =
        new MadeUp(
            Map.of(USUAL, 100.0, FASTER_BUT_WRONG, 10.0, HARDLY_FASTER, 98.0), new ArrayList<>());
    KernelTuner.Result result =
        KernelTuner.tune(List.of(work(64, 1)), trial, () -> true, line -> {});
    assertThat(result.tuned()).isEqualTo(TunedShapes.NONE);
    assertThat(result.measured()).hasSize(1);
  }

  @Test
  void endsWhenItsTimeIsUp() {
    MadeUp trial = new MadeUp(Map.of(USUAL, 100.0, FAST, 60.0), new ArrayList<>());
    AtomicInteger asked = new AtomicInteger();
    KernelTuner.Result result =
        KernelTuner.tune(
            List.of(work(64, 1), work(128, 1), work(192, 1)),
            trial,
            () -> asked.incrementAndGet() <= 2,
            line -> {});
    assertThat(result.measured()).hasSize(1);
    assertThat(result.all()).isEqualTo(3);
  }

  @Test
  void measuresAndChecksOnADevice(Pipelines pipelines) {
    List<String> lines = new ArrayList<>();
    Work work = new Work(new WeightLayout(WeightFormat.Q4_0, 48, 64), 1, 2);
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST);
        KernelTuner tuner = new KernelTuner(pipelines.gpu(), matrices, List.of(work), 1 << 16)) {
      KernelTuner.Result result = tuner.tune(Duration.ofSeconds(30), lines::add);
      assertThat(result.measured()).hasSize(1);
      // Whatever won, it can be taken.
      try (Matrices tuned = new Matrices(pipelines, Arithmetic.FAST, result.tuned())) {
        Choice chosen = tuned.choose(WeightFormat.Q4_0, 48, 64, 1, 2);
        assertThat(lines.getFirst()).contains("Q4_0 48x64 gated @1", chosen.toString());
      }
    }
  }
}
