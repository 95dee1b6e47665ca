package ringfence.node.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// llama.cpp's CPU backend, in this process, with its own threads.
public final class LlamaContestant implements Contestant {
  private final Arena arena = Arena.ofShared();
  private final LlamaLibrary library;
  private final MemorySegment model;
  private final LlamaBatch batch;
  private final Map<Integer, MemorySegment> contexts = new LinkedHashMap<>();
  private final int vocabulary;
  private final int positions;
  private final int maxBatchTokens;
  private final int threads;

  /// @param folder holds libllama, libggml and libggml-base, and libggml-cpu for this processor
  /// @param positions that a sequence needs at most
  /// @throws LlamaException when a library or the model does not load
  public LlamaContestant(
      Path folder, Path file, int vocabulary, int positions, int maxBatchTokens, int threads) {
    this.vocabulary = vocabulary;
    this.positions = positions;
    this.maxBatchTokens = maxBatchTokens;
    this.threads = threads;
    library = new LlamaLibrary(folder, arena);
    model = library.loadModel(file, arena);
    batch = library.newBatch(maxBatchTokens, arena);
  }

  @Override
  public String name() {
    return "llama.cpp";
  }

  @Override
  public double prefill(int tokens) {
    MemorySegment context = context(1);
    library.clear(context);
    long start = System.nanoTime();
    for (int at = 0; at < tokens; at += maxBatchTokens) {
      int end = Math.min(tokens, at + maxBatchTokens);
      fill(0, at, end, end == tokens);
      library.decode(context, batch);
    }
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public double[] decode(int sequences, int steps) {
    MemorySegment context = context(sequences);
    library.clear(context);
    for (int sequence = 0; sequence < sequences; sequence++) {
      fill(sequence, 0, DECODE_CONTEXT, false);
      library.decode(context, batch);
    }
    double[] seconds = new double[steps];
    for (int step = 0; step < steps; step++) {
      int position = DECODE_CONTEXT + step;
      long start = System.nanoTime();
      batch.clear();
      for (int sequence = 0; sequence < sequences; sequence++) {
        batch.add(Contestant.token(position, vocabulary), position, sequence, true);
      }
      library.decode(context, batch);
      seconds[step] = (System.nanoTime() - start) / 1e9;
    }
    return seconds;
  }

  private MemorySegment context(int sequences) {
    return contexts.computeIfAbsent(
        sequences,
        count -> library.newContext(model, positions, count, maxBatchTokens, threads, arena));
  }

  private void fill(int sequence, int from, int to, boolean lastLogits) {
    batch.clear();
    for (int at = from; at < to; at++) {
      batch.add(Contestant.token(at, vocabulary), at, sequence, lastLogits && at == to - 1);
    }
  }

  @Override
  public void close() {
    contexts.values().forEach(library::freeContext);
    library.freeBatch(batch);
    library.freeModel(model);
    arena.close();
  }
}
