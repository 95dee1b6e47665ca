package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.Logits;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Recording;
import ringfence.node.compute.vulkan.kernel.PhaseChain;
import ringfence.node.compute.vulkan.kernel.PhaseLinks;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.model.Model;

/// Phases that are linked compute what phases with barriers between them do, bit for bit.
@ExtendWith(VulkanExtension.class)
class LinkedPhasesTest {
  private static final int SEQUENCES = 4;
  private static final int PAGES_EACH = 4;

  @ParameterizedTest
  @ValueSource(strings = {"qwen2-mixed.gguf", "gemma3-q4_0.gguf", "qwen3-wide-q4_k.gguf"})
  void linkedPhasesComputeTheSame(String file, Pipelines pipelines) {
    ComputeTruth.withModel(
        ComputeTruth.tinyModel(file).path(),
        model -> {
          // Software compiles slowly, and packs nothing.
          boolean software = pipelines.gpu().traits().isSoftware();
          for (Arithmetic arithmetic :
              software ? List.of(Arithmetic.EXACT) : List.of(Arithmetic.EXACT, Arithmetic.FAST)) {
            assertSame(
                rows(pipelines, model, arithmetic, PhaseLinks::open),
                rows(pipelines, model, arithmetic, StepChoices.NO_LINKS));
          }
        });
  }

  private static void assertSame(List<float[]> linked, List<float[]> barriers) {
    assertThat(linked).hasSameSizeAs(barriers);
    for (int i = 0; i < linked.size(); i++) {
      assertThat(linked.get(i)).as("row " + i).isEqualTo(barriers.get(i));
    }
  }

  @Test
  void aStepWhoseWaitsWereGivenUpIsComputedAgainAndNoneIsLinkedAnyMore(Pipelines pipelines) {
    ComputeTruth.withModel(
        ComputeTruth.tinyModel("gemma3-q4_0.gguf").path(),
        model -> {
          List<NobodyWaits> opened = new ArrayList<>();
          PhaseLinks.Opener links =
              (p, phases) -> {
                opened.add(new NobodyWaits(p, phases));
                return Optional.of(opened.getFirst());
              };
          List<float[]> rows = rows(pipelines, model, Arithmetic.EXACT, links);
          assertThat(opened.getFirst().recorded).isEqualTo(1);
          assertSame(rows, rows(pipelines, model, Arithmetic.EXACT, StepChoices.NO_LINKS));
        });
  }

  /// Links under which all waits of a step are given up from the beginning.
  private static final class NobodyWaits extends PhaseLinks {
    private int recorded;

    NobodyWaits(Pipelines pipelines, int phases) {
      super(pipelines, phases);
    }

    @Override
    public PhaseChain begin(Recording to) {
      PhaseChain chain = super.begin(to);
      to.fill(counters(), GIVEN_UP, Integer.BYTES, 1);
      to.fullBarrier();
      recorded++;
      return chain;
    }
  }

  /// Steps of one to four sequences' single tokens, and prompts between them.
  private static List<float[]> rows(
      Pipelines pipelines, Model model, Arithmetic arithmetic, PhaseLinks.Opener links) {
    int vocabulary = model.spec().vocabulary();
    BackendOptions options = new BackendOptions(SEQUENCES * PAGES_EACH, 8, 64, 1);
    List<float[]> all = new ArrayList<>();
    try (Backend backend =
        VulkanBackend.open(
            pipelines,
            () -> {},
            model,
            options,
            VulkanBackendTest::noFirstLayers,
            new StepChoices(arithmetic, TunedShapes.NONE, links),
            0)) {
      int[] lengths = new int[SEQUENCES];
      for (int step = 0; step < 9; step++) {
        List<Batch.Run> runs = new ArrayList<>();
        for (int s = 0; s <= step % SEQUENCES; s++) {
          int count = lengths[s] == 0 && s % 2 == 1 ? 5 : 1;
          int from = lengths[s];
          int sequence = s;
          int[] tokens =
              IntStream.range(from, from + count)
                  .map(at -> (at * 7919 + sequence * 104_729 + 13) % vocabulary)
                  .toArray();
          int[] pages = IntStream.range(s * PAGES_EACH, (s + 1) * PAGES_EACH).toArray();
          runs.add(new Batch.Run(tokens, from, pages, 1));
          lengths[s] += count;
        }
        Batch batch = new Batch(runs);
        Logits logits = new Logits(vocabulary);
        logits.resize(batch.outputs());
        backend.forward(batch, logits);
        for (int row = 0; row < batch.outputs(); row++) {
          all.add(logits.row(row).clone());
        }
      }
    }
    return all;
  }
}
