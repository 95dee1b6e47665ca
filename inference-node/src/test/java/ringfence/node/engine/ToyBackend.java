package ringfence.node.engine;

import java.util.Arrays;
import java.util.function.BooleanSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendFailure;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Logits;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.sampling.Drawn;
import ringfence.node.compute.sampling.Sampler;

/// A cheap deterministic model whose every logit depends on every token of its sequence, read from
/// the pages that it was given: a page that is not the sequence's own, or lost its content, changes
/// the answer. It checks what the engine hands it.
final class ToyBackend implements Backend {
  static final int VOCABULARY = ToyTokenizer.SIZE;

  private final int pageTokens;
  private final int maxBatchTokens;
  private final int[][] tokens;
  private final int[][] positions;
  private final long sharpness;
  private int pages;
  private boolean lost;

  /// Called with each batch before it is computed.
  Runnable beforeForward = () -> {};

  /// Called before a page is copied.
  Runnable beforeCopy = () -> {};

  /// Draws tokens itself, on a row of its own, and leaves the caller's logits alone.
  boolean drawsOnDevice;

  /// Draws with this seed fail.
  long failingSeed = Long.MIN_VALUE;

  /// Called before it is restarted.
  Runnable beforeRestart = () -> {};

  int forwards;
  int restarts;
  int copies;
  int largestBatch;

  ToyBackend(int pages, int pageTokens, int maxBatchTokens) {
    this(pages, pageTokens, maxBatchTokens, 1 << 12);
  }

  ToyBackend(int pages, int pageTokens, int maxBatchTokens, long sharpness) {
    this.pageTokens = pageTokens;
    this.maxBatchTokens = maxBatchTokens;
    this.sharpness = sharpness;
    this.pages = pages;
    this.tokens = new int[pages][pageTokens];
    this.positions = new int[pages][pageTokens];
    for (int[] page : positions) {
      Arrays.fill(page, -1);
    }
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    beforeForward.run();
    check();
    forwards++;
    largestBatch = Math.max(largestBatch, batch.tokens());
    if (batch.tokens() > maxBatchTokens || batch.tokens() == 0) {
      throw new IllegalArgumentException("a batch of " + batch.tokens());
    }
    logits.resize(batch.outputs());
    int row = 0;
    for (Batch.Run run : batch.runs()) {
      for (int i = 0; i < run.tokens().length; i++) {
        int position = run.position() + i;
        int page = run.pages()[position / pageTokens];
        tokens[page][position % pageTokens] = run.tokens()[i];
        positions[page][position % pageTokens] = position;
      }
      // As a real one between layers: the run's positions are written, no row is.
      if (unwanted.getAsBoolean()) {
        return false;
      }
      int end = run.position() + run.tokens().length;
      for (int output = end - run.outputs(); output < end; output++) {
        fill(logits.row(row++), hash(run.pages(), output));
      }
    }
    return true;
  }

  @Override
  public boolean forward(Batch batch, Outputs outputs, BooleanSupplier unwanted) {
    if (!drawsOnDevice) {
      return Backend.super.forward(batch, outputs, unwanted);
    }
    Logits own = new Logits(VOCABULARY);
    if (!forward(batch, own, unwanted)) {
      return false;
    }
    Sampler sampler = new Sampler(outputs.vocabulary());
    for (int number = 0; number < outputs.draws().size(); number++) {
      Outputs.Wanted wanted = outputs.draws().get(number);
      outputs.drawn(
          number,
          wanted.draw().seed() == failingSeed
              ? Drawn.Failure.NOT_FINITE
              : sampler.next(own.row(wanted.row()), wanted.draw()));
    }
    return true;
  }

  @Override
  public boolean drawsOnDevice() {
    return drawsOnDevice;
  }

  /// Over all positions up to this one, as the pages hold them.
  private long hash(int[] pages, int last) {
    long hash = 1;
    for (int position = 0; position <= last; position++) {
      int page = pages[position / pageTokens];
      int slot = position % pageTokens;
      if (positions[page][slot] != position) {
        throw new AssertionError("page " + page + " does not hold position " + position);
      }
      hash = mix(hash ^ tokens[page][slot]);
    }
    return hash;
  }

  private void fill(float[] row, long hash) {
    for (int token = 0; token < row.length; token++) {
      row[token] = (mix(hash + token) >>> 48) / (float) sharpness;
    }
  }

  static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  @Override
  public void copyPage(int from, int to, int count) {
    beforeCopy.run();
    check();
    copies++;
    System.arraycopy(tokens[from], 0, tokens[to], 0, count);
    System.arraycopy(positions[from], 0, positions[to], 0, count);
    Arrays.fill(positions[to], count, pageTokens, -1);
  }

  /// Everything is gone until [#restart].
  void lose() {
    lost = true;
    for (int[] page : positions) {
      Arrays.fill(page, -1);
    }
  }

  boolean isLost() {
    return lost;
  }

  private void check() {
    if (lost) {
      throw new BackendFailure(BackendFailure.Kind.LOST, "toy lost", null);
    }
  }

  /// Comes back with this many pages from now on.
  void shrink(int count) {
    pages = count;
  }

  @Override
  public void restart() {
    beforeRestart.run();
    lost = false;
    restarts++;
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public int pageTokens() {
    return pageTokens;
  }

  @Override
  public int maxBatchTokens() {
    return maxBatchTokens;
  }

  @Override
  public String numerics() {
    return "toy";
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public String device() {
    return "toy";
  }

  @Override
  public void close() {}
}
