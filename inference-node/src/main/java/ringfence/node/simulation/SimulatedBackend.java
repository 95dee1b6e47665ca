package ringfence.node.simulation;

import java.util.Arrays;
import java.util.function.BooleanSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.BatchChecks;
import ringfence.node.compute.Logits;
import ringfence.node.compute.Outputs;

/// Stands in for a model: a row's logits are noise that a hash of all tokens up to it decides, so
/// that an answer is a function of prompt, parameters and seed, as a model's is. A KV position
/// holds that hash, and every run goes on from the one before it: a page that is not the sequence's
/// own changes the answer. Takes no time worth naming; the timing is the engine's
/// [ringfence.node.engine.Pace].
public final class SimulatedBackend implements Backend {
  private static final float WORD_RANGE = 6;
  private static final float NO_WORD = -40;
  private static final float NEVER = -1000;
  private static final float CERTAIN = 1000;

  private final int pages;
  private final int pageTokens;
  private final int maxBatchTokens;
  private final BatchChecks checks;
  private final int[] words;
  private final int end;
  private final int answerTokens;
  private final float[] blank;
  // Pages are made when they are first written.
  private final long[][] kv;

  /// @param answerTokens after which the end token is certain
  public SimulatedBackend(
      SimulatedLanguage language, int answerTokens, int pages, int pageTokens, int maxBatchTokens) {
    this.pages = pages;
    this.pageTokens = pageTokens;
    this.maxBatchTokens = maxBatchTokens;
    this.checks = new BatchChecks(pages, pageTokens, maxBatchTokens, language.vocabulary());
    this.words = language.words();
    this.end = language.end();
    this.answerTokens = answerTokens;
    this.blank = new float[language.vocabulary()];
    Arrays.fill(blank, NO_WORD);
    blank[end] = NEVER;
    this.kv = new long[pages][];
  }

  @Override
  public boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted) {
    checks.check(batch);
    logits.resize(batch.outputs());
    int row = 0;
    for (Batch.Run run : batch.runs()) {
      long state = run.position() == 0 ? 1 : state(run.pages(), run.position() - 1);
      int length = run.tokens().length;
      for (int i = 0; i < length; i++) {
        state = mix(state + 0x9E3779B97F4A7C15L * (run.tokens()[i] + 1));
        write(run.pages(), run.position() + i, state);
        if (i >= length - run.outputs()) {
          fill(logits.row(row++), state);
        }
      }
    }
    return true;
  }

  @Override
  public boolean forward(Batch batch, Outputs outputs, BooleanSupplier unwanted) {
    if (!forward(batch, outputs.logits(), unwanted)) {
      return false;
    }
    for (Outputs.Wanted wanted : outputs.draws()) {
      if (wanted.draw().offset() >= answerTokens) {
        outputs.logits().row(wanted.row())[end] = CERTAIN;
      }
    }
    outputs.drawOnHost();
    return true;
  }

  private void fill(float[] row, long state) {
    System.arraycopy(blank, 0, row, 0, blank.length);
    for (int word : words) {
      row[word] = (mix(state ^ word) >>> 40) * (WORD_RANGE / (1 << 24));
    }
  }

  private long state(int[] of, int position) {
    long[] page = kv[of[position / pageTokens]];
    if (page == null) {
      throw new IllegalStateException("a page that was never written");
    }
    return page[position % pageTokens];
  }

  private void write(int[] of, int position, long state) {
    int page = of[position / pageTokens];
    if (kv[page] == null) {
      kv[page] = new long[pageTokens];
    }
    kv[page][position % pageTokens] = state;
  }

  /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  @Override
  public void copyPage(int from, int to, int tokens) {
    checks.checkCopy(from, to, tokens);
    long[] source = kv[from];
    kv[to] = source == null ? new long[pageTokens] : source.clone();
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
    return "simulated-v1";
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public String device() {
    return "simulated";
  }

  @Override
  public void close() {}
}
