package ringfence.node.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Outputs;
import ringfence.node.compute.Profiler;
import ringfence.node.compute.sampling.Draw;

/// A backend of ours, driven as the engine drives it, without engine and tokenizer. One that draws
/// tokens on its device draws the most probable ones, as in serving; one that leaves logits in the
/// host's memory stops there.
public final class BackendContestant implements Contestant {
  private final Backend backend;
  private final int vocabulary;
  private final int pagesEach;
  private final Outputs outputs;

  // Sequences whose pages hold their context already, and how much of it.
  private int filled;
  private int filledContext;

  /// @param backend has [#pages] pages; closed by this contestant
  /// @param positions that a decoding sequence needs at most
  public BackendContestant(Backend backend, int vocabulary, int positions) {
    this.backend = backend;
    this.vocabulary = vocabulary;
    this.pagesEach = pagesFor(positions, backend.pageTokens());
    this.outputs = new Outputs(vocabulary, vocabulary);
  }

  /// Pages that a backend needs.
  ///
  /// @param prompt of the longest prefill
  /// @param sequences that decode side by side
  /// @param positions of each of them
  public static int pages(int prompt, int sequences, int positions, int pageTokens) {
    return pagesFor(prompt, pageTokens) + sequences * pagesFor(positions, pageTokens);
  }

  private static int pagesFor(int positions, int pageTokens) {
    return (positions + pageTokens - 1) / pageTokens;
  }

  @Override
  public String name() {
    return "ringfence " + backend.numerics();
  }

  @Override
  public double prefill(int tokens) {
    // The last pages: those of decoding sequences keep their contents.
    int pages = pagesFor(tokens, backend.pageTokens());
    int first = backend.pages() - pages;
    long start = System.nanoTime();
    fill(IntStream.range(first, first + pages).toArray(), tokens, 1);
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public double[] decode(int sequences, int context, int steps) {
    if (filledContext != context) {
      filled = 0;
      filledContext = context;
    }
    for (; filled < sequences; filled++) {
      fill(pages(filled), context, 0);
    }
    double[] seconds = new double[steps];
    for (int step = 0; step < steps; step++) {
      seconds[step] = step(sequences, context + step);
    }
    return seconds;
  }

  /// The phases of some passes of a measurement: of its single step, or of the last part of its
  /// prompt.
  ///
  /// @throws IllegalStateException when the backend can't tell
  public List<List<Profiler.Phase>> profile(Measurement measurement, int passes) {
    Profiler profiler =
        backend
            .profiler()
            .orElseThrow(() ->
                new IllegalStateException("the backend " + name() + " has no profile to show"));
    List<List<Profiler.Phase>> all = new ArrayList<>();
    measurement.tokensPerSecond(this);
    profiler.enable(true);
    try {
      for (int pass = 0; pass < passes; pass++) {
        switch (measurement) {
          case Measurement.Prefill prefill -> prefill(prefill.tokens());
          case Measurement.Decode decode -> decode(decode.sequences(), decode.context(), 1);
        }
        all.add(List.copyOf(profiler.lastPass()));
      }
    } finally {
      profiler.enable(false);
    }
    return all;
  }

  private double step(int sequences, int position) {
    List<Batch.Run> runs = new ArrayList<>();
    int[] token = {Contestant.token(position, vocabulary)};
    for (int i = 0; i < sequences; i++) {
      runs.add(new Batch.Run(token, position, pages(i), 1));
    }
    long start = System.nanoTime();
    run(runs);
    return (System.nanoTime() - start) / 1e9;
  }

  private int[] pages(int sequence) {
    return IntStream.range(sequence * pagesEach, (sequence + 1) * pagesEach).toArray();
  }

  /// @param outputs of the last token
  private void fill(int[] pages, int tokens, int outputs) {
    int chunk = backend.maxBatchTokens();
    for (int at = 0; at < tokens; at += chunk) {
      int end = Math.min(tokens, at + chunk);
      int[] ids = IntStream.range(at, end).map(i -> Contestant.token(i, vocabulary)).toArray();
      run(List.of(new Batch.Run(ids, at, pages, end == tokens ? outputs : 0)));
    }
  }

  private void run(List<Batch.Run> runs) {
    Batch batch = new Batch(runs);
    if (!backend.drawsOnDevice()) {
      backend.forward(batch, outputs.logits());
      return;
    }
    outputs.reset(batch.outputs());
    for (int row = 0; row < batch.outputs(); row++) {
      outputs.draw(row, Draw.greedy());
    }
    backend.forward(batch, outputs, () -> false);
  }

  @Override
  public void close() {
    backend.close();
  }
}
