package ringfence.node.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import ringfence.node.bench.Contestant;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.FragmentShape;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Bucket;
import ringfence.node.compute.vulkan.matrix.TunedShapes.Key;
import ringfence.node.compute.vulkan.weights.WeightFormat;

class WholeStepsTest {
  private static final Choice CHOICE = new Choice.Fragments(new FragmentShape(1, 2, 2, 2, 16, 1));

  private static TunedShapes found(int... tokens) {
    return new TunedShapes(
        Arrays.stream(tokens)
            .boxed()
            .collect(
                Collectors.toMap(
                    t -> new Key(WeightFormat.Q4_K, 64, 256, 1, Bucket.of(t)), t -> CHOICE)));
  }

  private static Map<Bucket, Double> seconds(ToDoubleFunction<Bucket> of) {
    return Bucket.all().stream().collect(Collectors.toMap(b -> b, of::applyAsDouble));
  }

  @Test
  void onlyWhatMakesWholeStepsFasterIsTaken() {
    List<String> lines = new ArrayList<>();
    TunedShapes taken =
        WholeSteps.confirmed(
            found(8, 16, 32),
            seconds(b -> 1),
            seconds(b -> b.equals(Bucket.of(8)) ? 0.9 : b.equals(Bucket.of(16)) ? 1.2 : 0.995),
            lines::add);
    assertThat(taken).isEqualTo(found(8));
    assertThat(lines).hasSize(3);
    assertThat(lines)
        .filteredOn(l -> l.endsWith(": taken"))
        .singleElement()
        .asString()
        .contains("8");
  }

  @Test
  void measuresEachNumberOfTokensByMedians() {
    Map<Bucket, Double> measured =
        WholeSteps.measure(
            new Contestant() {
              private int calls;

              @Override
              public String name() {
                return "made up";
              }

              @Override
              public double prefill(int tokens) {
                return calls++ % 5 == 0 ? 99 : tokens;
              }

              @Override
              public double[] decode(int sequences, int context, int steps) {
                double[] all = new double[steps];
                for (int i = 0; i < steps; i++) {
                  all[i] = calls++ % 5 == 0 ? 99 : sequences;
                }
                return all;
              }

              @Override
              public void close() {}
            });
    assertThat(measured)
        .hasSize(Bucket.all().size())
        .allSatisfy((bucket, seconds) -> assertThat(seconds).isEqualTo(bucket.measured()));
  }
}
