package ringfence.node.compute.vulkan.pass;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.ExtendWith;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.GreedyTruth;
import ringfence.node.compute.KlTruth;
import ringfence.node.compute.KvType;
import ringfence.node.compute.vulkan.VulkanExtension;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.model.Model;

/// Real models against transformers: on a GPU the whole truth, in passes of all sizes for which
/// kernels differ; on a software device the beginning of a text, in its one mode.
@ExtendWith(VulkanExtension.class)
class RealModelTruthTest {
  /// Tokens that a software device reads.
  private static final int SHORT_TEXT = 8;

  private Pipelines pipelines;
  private boolean software;

  @BeforeEach
  void on(Pipelines shared, Gpu gpu) {
    pipelines = shared;
    software = gpu.traits().isSoftware();
  }

  private Backend open(Model model, BackendOptions options, boolean deterministic, KvType kvType) {
    return VulkanBackend.open(
        pipelines,
        () -> {},
        model,
        new BackendOptions(
                options.pages(),
                options.pageTokens(),
                options.maxBatchTokens(),
                options.threads(),
                deterministic,
                "")
            .withKvType(kvType),
        VulkanBackendTest::noFirstLayers);
  }

  private abstract class Answers extends GreedyTruth {
    private final boolean deterministic;

    Answers(boolean deterministic) {
      this.deterministic = deterministic;
    }

    @BeforeEach
    void onAGpu() {
      assumeFalse(software, "a software device takes too long");
    }

    @Override
    protected Backend open(Model model, BackendOptions options) {
      return RealModelTruthTest.this.open(model, options, deterministic, KvType.F16);
    }

    @Override
    protected double decidedMargin() {
      return 0.4;
    }
  }

  private abstract class Divergence extends KlTruth {
    private final boolean deterministic;
    private final int passTokens;
    private final double allowed;
    private final KvType kvType;

    Divergence(boolean deterministic, int passTokens, double allowed) {
      this(deterministic, passTokens, allowed, KvType.F16);
    }

    Divergence(boolean deterministic, int passTokens, double allowed, KvType kvType) {
      this.kvType = kvType;
      this.deterministic = deterministic;
      this.passTokens = passTokens;
      this.allowed = allowed;
    }

    @BeforeEach
    void onAGpu() {
      assumeFalse(software && !deterministic, "a software device has one mode");
    }

    @Override
    protected Backend open(Model model, BackendOptions options) {
      return RealModelTruthTest.this.open(model, options, deterministic, kvType);
    }

    /// The project's gates.
    @Override
    protected double allowed(TestModel model) {
      return allowed;
    }

    @Override
    protected int mostTokens() {
      return software ? SHORT_TEXT : super.mostTokens();
    }

    @Override
    protected int passTokens() {
      return passTokens;
    }
  }

  @Nested
  class InvariantAnswers extends Answers {
    InvariantAnswers() {
      super(true);
    }
  }

  @Nested
  class FastAnswers extends Answers {
    FastAnswers() {
      super(false);
    }
  }

  @Nested
  class Invariant extends Divergence {
    Invariant() {
      super(true, 512, 1e-4);
    }
  }

  @Nested
  class FastPrefill extends Divergence {
    FastPrefill() {
      super(false, 512, 1e-4);
    }
  }

  /// Keys and values as bytes.
  @Nested
  class BytesPrefill extends Divergence {
    BytesPrefill() {
      super(false, 512, 2e-3, KvType.Q8);
    }
  }

  @Nested
  class BytesSteps extends Divergence {
    BytesSteps() {
      super(false, 1, 2e-3, KvType.Q8);
    }
  }

  /// Activations as bytes.
  @Nested
  class FastSteps extends Divergence {
    FastSteps() {
      super(false, 1, 1e-3);
    }
  }

  @Nested
  class FastPairs extends Divergence {
    FastPairs() {
      super(false, 2, 1e-3);
    }
  }

  @Nested
  class FastFives extends Divergence {
    FastFives() {
      super(false, 5, 1e-3);
    }
  }

  @Nested
  class FastTwenties extends Divergence {
    FastTwenties() {
      super(false, 20, 1e-3);
    }
  }
}
