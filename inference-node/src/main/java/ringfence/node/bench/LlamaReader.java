package ringfence.node.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.ObjIntConsumer;

/// llama.cpp reading a text, in this process, as [LlamaContestant] runs it.
public final class LlamaReader implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final LlamaLibrary library;
  private final MemorySegment model;
  private final MemorySegment context;
  private final LlamaBatch batch;
  private final int vocabulary;

  /// @param folder as [LlamaContestant]'s
  /// @param tokens of the longest text
  /// @throws LlamaException when a library or the model does not load
  public LlamaReader(Path folder, Path file, int vocabulary, int tokens, int threads) {
    this.vocabulary = vocabulary;
    library = new LlamaLibrary(folder, arena);
    LlamaContestant.note(library);
    model = library.loadModel(file, arena);
    context = library.newContext(model, tokens, 1, tokens, threads, arena);
    batch = library.newBatch(tokens, arena);
  }

  /// For a table.
  public String name() {
    return LlamaContestant.name(library);
  }

  /// Reads a text from its beginning.
  ///
  /// @param passTokens of one pass
  /// @param rows gets the logits after each token and its position; they are valid until it returns
  public void read(int[] ids, int passTokens, ObjIntConsumer<float[]> rows) {
    library.clear(context);
    float[] row = new float[vocabulary];
    for (int from = 0; from < ids.length; from += passTokens) {
      int end = Math.min(ids.length, from + passTokens);
      batch.clear();
      for (int at = from; at < end; at++) {
        batch.add(ids[at], at, 0, true);
      }
      library.decode(context, batch);
      for (int at = from; at < end; at++) {
        library.logits(context, at - from, row);
        rows.accept(row, at);
      }
    }
  }

  @Override
  public void close() {
    library.freeContext(context);
    library.freeBatch(batch);
    library.freeModel(model);
    arena.close();
  }
}
