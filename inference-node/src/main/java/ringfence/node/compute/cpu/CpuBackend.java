package ringfence.node.compute.cpu;

import java.util.function.BooleanSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.BatchChecks;
import ringfence.node.compute.Logits;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;

/// The fast backend on the Vector API: float32 arithmetic, weights as the file has them, keys and
/// values in half precision, one worker per core.
///
/// Bits depend on the vector width (the order in which lanes are summed), which [#numerics] names,
/// and on nothing else of the machine.
public final class CpuBackend implements Backend {
  static final String NUMERICS = "cpu-f32-w" + Lanes.COUNT * Float.SIZE + "-v3";

  private final int maxBatchTokens;
  private final BatchChecks checks;
  private final Workers workers;
  private final KvStore store;
  private final WeightMemory memory = new WeightMemory();
  private final Pass pass;

  /// Opens a backend for a model; its caller closes it.
  ///
  /// @param model its weights are mapped; their arena must outlive the backend
  /// @throws IllegalArgumentException when an option is below 1
  public static CpuBackend open(Model model, BackendOptions options) {
    if (Math.min(options.pages(), options.pageTokens()) < 1
        || Math.min(options.maxBatchTokens(), options.threads()) < 1) {
      throw new IllegalArgumentException("every option must be at least 1: " + options);
    }
    return new CpuBackend(model, options);
  }

  private CpuBackend(Model model, BackendOptions options) {
    ModelSpec spec = model.spec();
    this.maxBatchTokens = options.maxBatchTokens();
    this.checks =
        new BatchChecks(options.pages(), options.pageTokens(), maxBatchTokens, spec.vocabulary());
    this.store = new KvStore(spec, options);
    this.workers = new Workers(options.threads());
    this.pass = new Pass(spec, model.weights(), options, store, workers, memory);
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    checks.check(batch);
    touch(store, batch);
    return pass.run(new Plan(batch), logits, unwanted);
  }

  /// Takes memory for the pages that a batch writes.
  static void touch(KvStore store, Batch batch) {
    for (Batch.Run run : batch.runs()) {
      int lastPage = (run.position() + run.tokens().length - 1) / store.pageTokens();
      for (int i = run.position() / store.pageTokens(); i <= lastPage; i++) {
        store.touch(run.pages()[i]);
      }
    }
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    checks.checkCopy(from, to, tokens);
    store.copy(from, to, tokens);
  }

  @Override
  public int pages() {
    return store.pages();
  }

  @Override
  public int pageTokens() {
    return store.pageTokens();
  }

  @Override
  public int maxBatchTokens() {
    return maxBatchTokens;
  }

  @Override
  public String numerics() {
    return NUMERICS;
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public String device() {
    return "CPU, " + workers.threads() + " threads, " + Lanes.COUNT * Float.SIZE + "-bit vectors";
  }

  @Override
  public void close() {
    workers.close();
    store.close();
    memory.close();
  }
}
