package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.ComputeTruth.TinyModel;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.Profiler;
import ringfence.node.compute.Profiler.Phase;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.kernel.Pipelines;

@ExtendWith(VulkanExtension.class)
class PassProfilerTest {
  private static final int[] PAGES = {0, 1, 2, 3};

  @Test
  void tellsPhasesOfMeasuredPassesAndLeavesResultsAsTheyAre(Pipelines pipelines) {
    TinyModel tiny = ComputeTruth.tinyModel("qwen3-untied-f32.gguf");
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          BackendOptions options = new BackendOptions(4, 8, 64, 2, true, "");
          int vocabulary = model.spec().vocabulary();
          int layers = model.spec().layers().size();
          try (VulkanBackend backend =
              VulkanBackend.open(
                  pipelines, () -> {}, model, options, VulkanBackendTest::noFirstLayers)) {
            Profiler profiler = backend.profiler().orElseThrow();
            Drawn unmeasured = next(backend, vocabulary);
            assertThat(profiler.lastPass()).isEmpty();

            profiler.enable(true);
            assertThat(next(backend, vocabulary)).isEqualTo(unmeasured);
            List<Phase> phases = profiler.lastPass();
            assertThat(phases.stream().map(Phase::name))
                .startsWith("embed", "norm", "query, key, value", "place", "attention")
                .endsWith("down", "norm", "head", "draw");
            assertThat(phases).filteredOn(p -> p.name().equals("down")).hasSize(layers);
            assertThat(phases)
                .filteredOn(p -> p.name().equals("down"))
                .allMatch(p -> p.bytes() > 0);
            double end = 0;
            for (Phase phase : phases) {
              assertThat(phase.startNanos()).isEqualTo(end);
              assertThat(phase.nanos()).isNotNegative();
              end += phase.nanos();
            }
            // Keys and values of 20 positions, halves.
            long each = 2L * model.spec().kvHeads() * KvStore.width(model.spec()) * Short.BYTES;
            assertThat(phases)
                .filteredOn(p -> p.name().equals("attention"))
                .allMatch(p -> p.bytes() == 20 * each);

            profiler.enable(false);
            assertThat(next(backend, vocabulary)).isEqualTo(unmeasured);
            assertThat(profiler.lastPass()).isEmpty();
          }
        });
  }

  private static Drawn next(VulkanBackend backend, int vocabulary) {
    int[] prompt = new int[20];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = (i * 7 + 3) % vocabulary;
    }
    Outputs outputs = new Outputs(vocabulary, vocabulary);
    outputs.reset(1);
    outputs.draw(0, Draw.greedy());
    backend.forward(new Batch(List.of(new Batch.Run(prompt, 0, PAGES, 1))), outputs, () -> false);
    return outputs.drawn(0);
  }
}
