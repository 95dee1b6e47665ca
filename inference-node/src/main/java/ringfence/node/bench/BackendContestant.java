package ringfence.node.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import ringfence.node.compute.Backend;
import ringfence.node.compute.Batch;
import ringfence.node.compute.Logits;

/// A backend of ours, driven as the engine drives it, without engine, sampler and tokenizer.
public final class BackendContestant implements Contestant {
  private final Backend backend;
  private final int vocabulary;
  private final Logits logits;

  /// @param backend has pages for the longest measurement; closed by this contestant
  public BackendContestant(Backend backend, int vocabulary) {
    this.backend = backend;
    this.vocabulary = vocabulary;
    this.logits = new Logits(vocabulary);
  }

  @Override
  public String name() {
    return "ringfence " + backend.numerics();
  }

  @Override
  public double prefill(int tokens) {
    int chunk = backend.maxBatchTokens();
    long start = System.nanoTime();
    for (int at = 0; at < tokens; at += chunk) {
      int length = Math.min(chunk, tokens - at);
      run(List.of(sequence(0, at, length, tokens, at + length == tokens ? 1 : 0)));
    }
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public double[] decode(int sequences, int steps) {
    int longest = DECODE_CONTEXT + steps;
    for (int i = 0; i < sequences; i++) {
      run(List.of(sequence(i, 0, DECODE_CONTEXT, longest, 0)));
    }
    double[] seconds = new double[steps];
    for (int step = 0; step < steps; step++) {
      List<Batch.Run> runs = new ArrayList<>();
      for (int i = 0; i < sequences; i++) {
        runs.add(sequence(i, DECODE_CONTEXT + step, 1, longest, 1));
      }
      long start = System.nanoTime();
      run(runs);
      seconds[step] = (System.nanoTime() - start) / 1e9;
    }
    return seconds;
  }

  private void run(List<Batch.Run> runs) {
    backend.forward(new Batch(runs), logits);
  }

  /// @param longest positions that each sequence has pages for
  private Batch.Run sequence(int index, int position, int length, int longest, int outputs) {
    int pagesEach = (longest + backend.pageTokens() - 1) / backend.pageTokens();
    int[] pages = IntStream.range(index * pagesEach, (index + 1) * pagesEach).toArray();
    int[] tokens =
        IntStream.range(position, position + length)
            .map(at -> Contestant.token(at, vocabulary))
            .toArray();
    return new Batch.Run(tokens, position, pages, outputs);
  }

  @Override
  public void close() {
    backend.close();
  }
}
