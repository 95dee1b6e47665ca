package ringfence.node.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/// llama.cpp in this process, with its own threads, and with whatever GPU its libraries are built
/// for: then all layers are there, and flash attention is on. Its steps end with logits in the
/// host's memory.
public final class LlamaContestant implements Contestant {
  /// Sequences of the context that prompts are read into.
  private static final int PREFILL = 0;

  private static volatile boolean gpuOpened;

  private final Arena arena = Arena.ofShared();
  private final LlamaLibrary library;
  private final MemorySegment model;
  private final LlamaBatch batch;
  private final Map<Integer, MemorySegment> contexts = new LinkedHashMap<>();

  /// Tokens that each sequence of a context holds, by its number of sequences.
  private final Map<Integer, Integer> filled = new HashMap<>();

  private final int vocabulary;
  private final int prompt;
  private final int positions;
  private final int maxBatchTokens;
  private final int threads;

  /// @param folder holds libllama, libggml and libggml-base, and libggml-cpu for this processor;
  ///   for a GPU libggml-cuda or libggml-vulkan too
  /// @param prompt tokens of the longest prefill
  /// @param positions that a decoding sequence needs at most
  /// @throws LlamaException when a library or the model does not load
  public LlamaContestant(
      Path folder,
      Path file,
      int vocabulary,
      int prompt,
      int positions,
      int maxBatchTokens,
      int threads) {
    this.vocabulary = vocabulary;
    this.prompt = prompt;
    this.positions = positions;
    this.maxBatchTokens = maxBatchTokens;
    this.threads = threads;
    library = new LlamaLibrary(folder, arena);
    note(library);
    model = library.loadModel(file, arena);
    batch = library.newBatch(maxBatchTokens, arena);
  }

  static void note(LlamaLibrary library) {
    if (library.hasGpu()) {
      gpuOpened = true;
    }
  }

  /// Ends the process, once llama.cpp has opened a GPU in it, without exit handlers: it never
  /// closes the GPU, for which drivers crash in theirs.
  @SuppressWarnings("restricted")
  public static void exitIfGpuOpen(int code) {
    if (!gpuOpened) {
      return;
    }
    System.out.flush();
    System.err.flush();
    Linker linker = Linker.nativeLinker();
    MethodHandle exit =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("_exit"),
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
    try {
      exit.invokeExact(code);
    } catch (Throwable e) {
      throw new IllegalStateException("_exit returned", e);
    }
  }

  @Override
  public String name() {
    return name(library);
  }

  static String name(LlamaLibrary library) {
    return "llama.cpp" + (library.hasGpu() ? " on the GPU" : "");
  }

  @Override
  public double prefill(int tokens) {
    MemorySegment context = context(PREFILL);
    library.clear(context);
    long start = System.nanoTime();
    fill(context, 0, tokens, true);
    return (System.nanoTime() - start) / 1e9;
  }

  @Override
  public double[] decode(int sequences, int length, int steps) {
    MemorySegment context = context(sequences);
    if (filled.getOrDefault(sequences, -1) != length) {
      library.clear(context);
      for (int sequence = 0; sequence < sequences; sequence++) {
        fill(context, sequence, length, false);
      }
      filled.put(sequences, length);
    }
    double[] seconds = new double[steps];
    for (int step = 0; step < steps; step++) {
      int position = length + step;
      long start = System.nanoTime();
      batch.clear();
      for (int sequence = 0; sequence < sequences; sequence++) {
        batch.add(Contestant.token(position, vocabulary), position, sequence, true);
      }
      library.decode(context, batch);
      seconds[step] = (System.nanoTime() - start) / 1e9;
    }
    for (int sequence = 0; sequence < sequences; sequence++) {
      library.cut(context, sequence, length);
    }
    return seconds;
  }

  private MemorySegment context(int sequences) {
    return contexts.computeIfAbsent(
        sequences,
        count ->
            library.newContext(
                model,
                count == PREFILL ? prompt : positions,
                Math.max(1, count),
                maxBatchTokens,
                threads,
                arena));
  }

  private void fill(MemorySegment context, int sequence, int tokens, boolean lastLogits) {
    for (int from = 0; from < tokens; from += maxBatchTokens) {
      batch.clear();
      for (int at = from; at < Math.min(tokens, from + maxBatchTokens); at++) {
        batch.add(Contestant.token(at, vocabulary), at, sequence, lastLogits && at == tokens - 1);
      }
      library.decode(context, batch);
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
