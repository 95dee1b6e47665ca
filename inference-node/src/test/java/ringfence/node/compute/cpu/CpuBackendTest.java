package ringfence.node.compute.cpu;

import org.junit.jupiter.api.Nested;
import ringfence.node.catalogue.TestModel;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendContract;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.ComputeTruth.TinyModel;
import ringfence.node.compute.GreedyTruth;
import ringfence.node.compute.KlTruth;
import ringfence.node.compute.TinyModelTruth;
import ringfence.node.model.Model;

class CpuBackendTest {

  @Nested
  class Contract extends BackendContract {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return CpuBackend.open(model, options);
    }
  }

  @Nested
  class TinyModels extends TinyModelTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return CpuBackend.open(model, options);
    }

    /// The model's noise comes of rounding to 2^-24 everywhere; keys and values are rounded to
    /// 2^-12 here, so that their share of it is 2^12 times as large.
    @Override
    protected double tolerance(TinyModel model) {
      return 0x1p12 * model.noise();
    }
  }

  @Nested
  class Greedy extends GreedyTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return CpuBackend.open(model, options);
    }

    @Override
    protected double decidedMargin() {
      return 0.4;
    }
  }

  @Nested
  class Divergence extends KlTruth {
    @Override
    protected Backend open(Model model, BackendOptions options) {
      return CpuBackend.open(model, options);
    }

    /// The project's gate for float32 arithmetic.
    @Override
    protected double allowed(TestModel model) {
      return 1e-4;
    }
  }
}
