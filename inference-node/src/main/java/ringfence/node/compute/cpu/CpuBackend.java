package ringfence.node.compute.cpu;

import java.lang.foreign.Arena;
import java.util.function.BooleanSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Logits;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;

/// The fast backend on the Vector API: float32 arithmetic, weights as the file has them, keys and
/// values in half precision, one worker per core.
///
/// Bits depend on the vector width (the order in which lanes are summed), which [#numerics] names,
/// and on nothing else of the machine.
public final class CpuBackend implements Backend {
  private final ModelSpec spec;
  private final int maxBatchTokens;
  private final Workers workers;
  private final KvStore store;
  private final Arena arena = Arena.ofShared();
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
    this.spec = model.spec();
    this.maxBatchTokens = options.maxBatchTokens();
    this.store = new KvStore(spec, options);
    this.workers = new Workers(options.threads());
    this.pass = new Pass(spec, model.weights(), options, store, workers, arena);
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    check(batch);
    for (Batch.Run run : batch.runs()) {
      int lastPage = (run.position() + run.tokens().length - 1) / pageTokens();
      for (int i = run.position() / pageTokens(); i <= lastPage; i++) {
        store.touch(run.pages()[i]);
      }
    }
    return pass.run(new Plan(batch), logits, unwanted);
  }

  private void check(Batch batch) {
    if (batch.tokens() == 0 || batch.tokens() > maxBatchTokens) {
      throw new IllegalArgumentException(
          batch.tokens() + " tokens in a batch of 1 to " + maxBatchTokens);
    }
    for (Batch.Run run : batch.runs()) {
      int length = run.tokens().length;
      if (length == 0 || run.outputs() < 0 || run.outputs() > length || run.position() < 0) {
        throw new IllegalArgumentException(
            "a run of "
                + length
                + " tokens at "
                + run.position()
                + " with "
                + run.outputs()
                + " outputs");
      }
      for (int token : run.tokens()) {
        if (token < 0 || token >= spec.vocabulary()) {
          throw new IllegalArgumentException("token " + token + " of " + spec.vocabulary());
        }
      }
      int needed = (run.position() + length - 1) / pageTokens() + 1;
      if (run.pages().length < needed) {
        throw new IllegalArgumentException(
            run.pages().length + " pages for a sequence that needs " + needed);
      }
      for (int i = 0; i < needed; i++) {
        checkPage(run.pages()[i]);
      }
    }
  }

  private void checkPage(int page) {
    if (page < 0 || page >= pages()) {
      throw new IllegalArgumentException("page " + page + " of " + pages());
    }
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    checkPage(from);
    checkPage(to);
    if (tokens < 0 || tokens > pageTokens()) {
      throw new IllegalArgumentException(tokens + " tokens of a page of " + pageTokens());
    }
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
    return "cpu-f32-w" + Lanes.COUNT * Float.SIZE + "-v2";
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
    arena.close();
  }
}
