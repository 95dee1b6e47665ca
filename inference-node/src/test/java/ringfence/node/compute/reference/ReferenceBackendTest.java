package ringfence.node.compute.reference;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendContract;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.ComputeTruth.TinyModel;
import ringfence.node.compute.GreedyTruth;
import ringfence.node.compute.KlTruth;
import ringfence.node.compute.TinyModelTruth;
import ringfence.node.model.Model;

class ReferenceBackendTest {

  @Nested
  class Contract extends BackendContract {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return ReferenceBackend.open(model, options);
    }
  }

  @Nested
  class TinyModels extends TinyModelTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return ReferenceBackend.open(model, options);
    }

    /// The truth is as far from exact arithmetic as its `noise` says, and this backend, which
    /// rounds in the same places and less often, no further.
    @Override
    protected double tolerance(TinyModel model) {
      return 2 * model.noise();
    }
  }

  @Nested
  class Greedy extends GreedyTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return ReferenceBackend.open(model, options);
    }

    @Override
    protected double decidedMargin() {
      return 0.01;
    }

    /// A scalar backend takes a minute for all, which the large tests do.
    @Override
    protected int oneOf() {
      return 4;
    }

    @Test
    @Tag("large")
    void smolLm2AnswersEveryPrompt() {
      check(TestModel.SMOLLM2, 1);
    }
  }

  @Nested
  class Divergence extends KlTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return ReferenceBackend.open(model, options);
    }

    /// A divergence grows with the square of the logits' differences, which are about 1e-4 at most:
    /// 1e-8; 64 stored float32 logarithms sum to one within 1e-6.
    @Override
    protected double allowed(TestModel model) {
      return 1e-6;
    }
  }
}
