package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.FirstLayers;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Weights;

/// A model's first layers on the processor, as [CpuBackend] computes them.
public final class CpuLayers implements FirstLayers {
  private final Workers workers;
  private final KvStore store;
  private final WeightMemory memory = new WeightMemory();
  private final Pass pass;

  /// Opens all layers of a model.
  ///
  /// @param front its weights are mapped; their arena must outlive this
  public static CpuLayers open(Model front, BackendOptions options) {
    return new CpuLayers(front, options);
  }

  private CpuLayers(Model front, BackendOptions options) {
    ModelSpec spec = front.spec();
    Weights weights = front.weights();
    // A pass lays its output matrix out anew, and this one never multiplies with it: the smallest
    // of the same width stands in for it.
    Weights headless =
        new Weights(
            weights.tokenEmbedding(),
            weights.outputNorm(),
            weights.layers().getFirst().key(),
            weights.layers());
    this.store = new KvStore(spec, options);
    this.workers = new Workers(options.threads());
    this.pass = new Pass(spec, headless, options, store, workers, memory);
  }

  @Override
  public boolean run(Batch batch, BooleanSupplier unwanted) {
    CpuBackend.touch(store, batch);
    return pass.layers(new Plan(batch), unwanted);
  }

  @Override
  public void hidden(int token, MemorySegment to, long offset) {
    pass.residual(token, to, offset);
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    store.copy(from, to, tokens);
  }

  @Override
  public String numerics() {
    return CpuBackend.NUMERICS;
  }

  @Override
  public void close() {
    workers.close();
    store.close();
    memory.close();
  }
}
