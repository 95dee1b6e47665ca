package ringfence.node.compute.vulkan.pass;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendContract;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.ComputeTruth;
import ringfence.node.compute.ComputeTruth.TinyModel;
import ringfence.node.compute.FirstLayers;
import ringfence.node.compute.KvType;
import ringfence.node.compute.Logits;
import ringfence.node.compute.TinyModelTruth;
import ringfence.node.compute.cpu.CpuLayers;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.model.Model;

@ExtendWith(VulkanExtension.class)
class VulkanBackendTest {
  private static Pipelines pipelines;

  @BeforeAll
  static void on(Pipelines shared) {
    pipelines = shared;
  }

  static FirstLayers noFirstLayers(Model front, BackendOptions options) {
    throw new AssertionError("everything fits");
  }

  private static Backend open(Model model, BackendOptions options, boolean deterministic) {
    return open(model, options, deterministic, BackendOptions.ALL_THAT_FIT);
  }

  private static Backend open(
      Model model, BackendOptions options, boolean deterministic, int gpuLayers) {
    return open(model, options, deterministic, gpuLayers, KvType.F16);
  }

  private static Backend open(
      Model model, BackendOptions options, boolean deterministic, int gpuLayers, KvType kvType) {
    BackendOptions all =
        new BackendOptions(
            options.pages(),
            options.pageTokens(),
            options.maxBatchTokens(),
            options.threads(),
            deterministic,
            "",
            gpuLayers,
            kvType);
    FirstLayers.Opener first = gpuLayers > 0 ? CpuLayers::open : VulkanBackendTest::noFirstLayers;
    return VulkanBackend.open(pipelines, () -> {}, model, all, first);
  }

  @Nested
  class Invariant extends BackendContract {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return VulkanBackendTest.open(model, options, true);
    }
  }

  @Nested
  class TinyModels extends TinyModelTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return VulkanBackendTest.open(model, options, true);
    }

    /// As the CPU backend's, whose keys and values are halves too; here queries are as well, and on
    /// devices with matrices all activations.
    @Override
    protected double tolerance(TinyModel model) {
      return 0x1p12 * model.noise();
    }
  }

  /// The last layer on the device, the others on the processor. Where the border is does not depend
  /// on the architecture.
  @Nested
  class Split extends BackendContract {
    @Override
    protected List<String> models() {
      return List.of("qwen2-mixed.gguf", "gemma3-q4_0.gguf");
    }

    @Override
    protected Backend open(Model model, BackendOptions options) {
      Backend backend = VulkanBackendTest.open(model, options, true, 1);
      assertThat(backend.numerics()).contains(" layers of cpu-");
      assertThat(backend.device()).contains("layers on the CPU");
      return backend;
    }
  }

  @Nested
  class SplitTinyModels extends TinyModelTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return VulkanBackendTest.open(model, options, true, 1);
    }

    @Override
    protected double tolerance(TinyModel model) {
      return 0x1p12 * model.noise();
    }
  }

  /// A row depends on its own sequence alone with bytes too; two sizes of heads, with and without
  /// windows.
  @Nested
  class Bytes extends BackendContract {
    @Override
    protected List<String> models() {
      return List.of("llama-rope3-q8_0.gguf", "gemma3-q4_0.gguf");
    }

    @Override
    protected Backend open(Model model, BackendOptions options) {
      Backend backend =
          VulkanBackendTest.open(model, options, true, BackendOptions.ALL_THAT_FIT, KvType.Q8);
      assertThat(backend.numerics()).contains("-kv-q8");
      return backend;
    }
  }

  /// Keys and values as bytes move the next token's distribution a little, in both ways of
  /// attending.
  @ParameterizedTest
  @CsvSource({
    "qwen3-tied-q8_0.gguf, true",
    "qwen3-tied-q8_0.gguf, false",
    "qwen2-mixed.gguf, false",
    "gemma3-q4_0.gguf, false"
  })
  void bytesAreCloseToHalves(String file, boolean deterministic) {
    TinyModel tiny = ComputeTruth.tinyModel(file);
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          double[] sum = new double[2];
          double[][] halves = rows(model, tiny, deterministic, KvType.F16);
          double[][] bytes = rows(model, tiny, deterministic, KvType.Q8);
          for (int i = 0; i < halves.length; i++) {
            sum[0] += divergence(halves[i], bytes[i]);
            sum[1] += divergence(halves[i], halves[(i + 1) % halves.length]);
          }
          System.out.printf(
              "%s, keys and values as bytes: mean KL %.3g%n", file, sum[0] / halves.length);
          assertThat(sum[0] / halves.length).isPositive().isLessThanOrEqualTo(1e-3);
          assertThat(sum[1]).as("rows differ").isGreaterThan(100 * sum[0]);
        });
  }

  /// Logits of the first sequence, a few tokens at a time and then one by one.
  private static double[][] rows(
      Model model, TinyModel tiny, boolean deterministic, KvType kvType) {
    int[] tokens = tiny.sequences().getFirst();
    double[][] rows = new double[tokens.length][];
    BackendOptions options = new BackendOptions(8, 8, 64, 2);
    Logits logits = new Logits(model.spec().vocabulary());
    try (Backend backend =
        open(model, options, deterministic, BackendOptions.ALL_THAT_FIT, kvType)) {
      int[] pages = IntStream.range(0, 8).toArray();
      for (int at = 0; at < tokens.length; ) {
        int count = at < tokens.length / 2 ? 5 : 1;
        int[] part = Arrays.copyOfRange(tokens, at, at + count);
        backend.forward(new Batch(List.of(new Batch.Run(part, at, pages, count))), logits);
        for (int i = 0; i < count; i++) {
          float[] row = logits.row(i);
          rows[at + i] = IntStream.range(0, row.length).mapToDouble(t -> row[t]).toArray();
        }
        at += count;
      }
    }
    return rows;
  }

  private static double divergence(double[] expected, double[] actual) {
    double expectedTotal = logOfSum(expected);
    double actualTotal = logOfSum(actual);
    double divergence = 0;
    for (int i = 0; i < expected.length; i++) {
      double truth = expected[i] - expectedTotal;
      divergence += Math.exp(truth) * (truth - (actual[i] - actualTotal));
    }
    return divergence;
  }

  private static double logOfSum(double[] row) {
    double highest = Arrays.stream(row).max().orElseThrow();
    return highest + Math.log(Arrays.stream(row).map(x -> Math.exp(x - highest)).sum());
  }

  /// The fast kernels, which differ between batches: three sequences that read their prompts in
  /// pieces and go on token by token beside each other. Activations of few tokens are bytes where
  /// weights are quantised.
  @ParameterizedTest
  @CsvSource({
    "qwen3-untied-f32.gguf, 0.02",
    "llama-rope3-q8_0.gguf, 0.1",
    "qwen2-mixed.gguf, 0.1",
    "qwen3-wide-q4_k.gguf, 0.15",
    "gemma3-q4_0.gguf, 0.1"
  })
  void fastStepsAreCloseToTransformers(String file, double tolerance) {
    TinyModel tiny = ComputeTruth.tinyModel(file);
    ComputeTruth.withModel(
        tiny.path(),
        model -> {
          try (Backend backend = open(model, new BackendOptions(24, 8, 64, 2), false)) {
            double worst = new Conversation(backend, model, tiny).worst();
            System.out.printf(
                "%s, fast: largest difference %.3g of a deviation of %.3g%n",
                file, worst, tiny.deviation());
            assertThat(worst).isLessThanOrEqualTo(tolerance * tiny.deviation());
          }
        });
  }

  private static final class Conversation {
    private static final int PAGES_EACH = 8;

    private final Backend backend;
    private final TinyModel tiny;
    private final Logits logits;
    private final int[] done = new int[3];
    private double worst;

    Conversation(Backend backend, Model model, TinyModel tiny) {
      this.backend = backend;
      this.tiny = tiny;
      this.logits = new Logits(model.spec().vocabulary());
    }

    double worst() {
      step(20, 0, 1);
      step(1, 17, 1);
      step(1, 1, 1);
      step(0, 1, 9);
      step(0, 0, 1);
      for (int i = 0; i < 6; i++) {
        step(1, 1, 1);
      }
      step(7, 1, 0);
      for (int i = 0; i < 4; i++) {
        step(1, 1, 0);
      }
      assertThat(done).containsExactly(tokens(0) - 1, 30, 19);
      return worst;
    }

    /// The third sequence says the first one's tokens.
    private int[] sequence(int index) {
      return tiny.sequences().get(index % 2);
    }

    private int tokens(int index) {
      return done[index] + 1;
    }

    private void step(int... lengths) {
      List<Batch.Run> runs = new ArrayList<>();
      for (int i = 0; i < lengths.length; i++) {
        if (lengths[i] > 0) {
          int[] tokens = Arrays.copyOfRange(sequence(i), done[i], done[i] + lengths[i]);
          int first = i * PAGES_EACH;
          int[] pages =
              IntStream.range(0, PAGES_EACH).map(p -> first + PAGES_EACH - 1 - p).toArray();
          runs.add(new Batch.Run(tokens, done[i], pages, lengths[i]));
        }
      }
      assertThat(backend.forward(new Batch(runs), logits, () -> false)).isTrue();
      int row = 0;
      for (int i = 0; i < lengths.length; i++) {
        int before = i % 2 == 0 ? 0 : tiny.sequences().getFirst().length;
        for (int t = 0; t < lengths[i]; t++) {
          compare(logits.row(row++), tiny.logits()[before + done[i]++]);
        }
      }
    }

    private void compare(float[] actual, float[] expected) {
      for (int i = 0; i < actual.length; i++) {
        double difference = Math.abs(actual[i] - expected[i]);
        worst = difference <= worst ? worst : difference; // NaN too becomes the worst
      }
    }
  }
}
