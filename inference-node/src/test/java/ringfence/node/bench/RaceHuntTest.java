package ringfence.node.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.Logits;
import ringfence.node.compute.cpu.CpuBackend;
import ringfence.node.compute.cpu.CpuLayers;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.pass.VulkanBackend;
import ringfence.node.model.Model;

class RaceHuntTest {
  private static final int TOKENS = 9;
  private static final List<Integer> BATCHES = List.of(3, 1, 5);
  private static final BackendOptions OPTIONS =
      new BackendOptions(RaceHunt.pages(5, TOKENS, 16), 16, 64, 2);

  private interface Opener {
    Backend open(Model model);
  }

  private static RaceHunt.Result hunt(Opener opener) {
    RaceHunt.Result[] result = new RaceHunt.Result[1];
    ComputeTruth.withModel(
        ComputeTruth.tinyModel("qwen3-tied-q8_0.gguf").path(),
        model -> {
          try (Backend backend = opener.open(model)) {
            result[0] = new RaceHunt(backend, model.spec().vocabulary()).hunt(BATCHES, TOKENS, 2);
          }
        });
    return result[0];
  }

  @Test
  void findsNothingOnTheProcessor() {
    RaceHunt.Result result = hunt(model -> CpuBackend.open(model, OPTIONS));
    assertThat(result.findings()).isEmpty();
    assertThat(result.tokens()).isEqualTo(2 * (3 + 1 + 5) * TOKENS);
  }

  /// One pass of the second run (a run has 28) raises its first row's best logit a little: the
  /// token stays, its probability does not.
  @Test
  void findsALogProbabilityThatDiffers() {
    RaceHunt.Result result = hunt(model -> new Flaky(CpuBackend.open(model, OPTIONS), 28 + 3));
    assertThat(result.findings()).containsExactly(new RaceHunt.Finding(1, 3, 0, 3));
  }

  @ExtendWith(VulkanExtension.class)
  static class OnADevice {
    @Test
    void findsNothing(Pipelines pipelines) {
      BackendOptions options = new BackendOptions(OPTIONS.pages(), 16, 64, 2, true, "");
      RaceHunt.Result result =
          hunt(model -> VulkanBackend.open(pipelines, () -> {}, model, options, CpuLayers::open));
      assertThat(result.findings()).isEmpty();
      assertThat(result.tokens()).isPositive();
    }
  }

  private static final class Flaky implements Backend {
    private final Backend backend;
    private final int from;
    private int passes;

    Flaky(Backend backend, int from) {
      this.backend = backend;
      this.from = from;
    }

    @Override
    public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
      boolean done = backend.forward(batch, logits, unwanted);
      if (passes++ == from) {
        float[] row = logits.row(0);
        int best = 0;
        for (int i = 0; i < row.length; i++) {
          best = row[i] > row[best] ? i : best;
        }
        row[best] += 1e-3f;
      }
      return done;
    }

    @Override
    public void copyPage(int from, int to, int tokens) {
      backend.copyPage(from, to, tokens);
    }

    @Override
    public int pages() {
      return backend.pages();
    }

    @Override
    public int pageTokens() {
      return backend.pageTokens();
    }

    @Override
    public int maxBatchTokens() {
      return backend.maxBatchTokens();
    }

    @Override
    public String numerics() {
      return backend.numerics();
    }

    @Override
    public boolean deterministic() {
      return backend.deterministic();
    }

    @Override
    public String device() {
      return backend.device();
    }

    @Override
    public void close() {
      backend.close();
    }
  }
}
