package ringfence.node.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The few functions of llama.cpp's C API (`llama.h` of v0.5.0) that a measurement needs.
///
/// Parameter structs are taken whole from the library's own defaults and passed back: only a few
/// fields are named here, and their defaults are checked, so that a library with another layout is
/// refused. All functions throw `LlamaException` where the library reports a failure.
@SuppressWarnings("restricted") // native calls are what this class is for; the launcher allows them
final class LlamaLibrary {
  /// More than either parameter struct takes; what is behind its end is never read.
  private static final MemoryLayout PARAMETERS = MemoryLayout.sequenceLayout(64, JAVA_LONG);

  private static final MemoryLayout PARAMETERS_STRUCT = MemoryLayout.structLayout(PARAMETERS);

  /// Index of `n_gpu_layers`, after two pointers, in ints.
  private static final int GPU_LAYERS = 4;

  private static final int ALL_LAYERS = -1;

  /// Index of `flash_attn_type`, in ints.
  private static final int FLASH_ATTENTION = 13;

  /// `llama_batch`: n_tokens, token, embd, pos, n_seq_id, seq_id, logits.
  private static final MemoryLayout BATCH =
      MemoryLayout.structLayout(
          JAVA_INT,
          MemoryLayout.paddingLayout(4),
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS,
          ADDRESS);

  private final SymbolLookup symbols;
  private final Linker linker = Linker.nativeLinker();
  private final MethodHandle decode;

  /// Loads the libraries of a folder; each finds the others beside it.
  ///
  /// @param arena they stay loaded as long as it lives
  LlamaLibrary(Path folder, Arena arena) {
    Path home = folder.toAbsolutePath().normalize();
    SymbolLookup base = SymbolLookup.libraryLookup(library(home, "libggml-base"), arena);
    // Where backends are no plug-ins, libggml needs them, and finds them once they are loaded.
    for (String backend : List.of("libggml-cpu.so", "libggml-cuda.so", "libggml-vulkan.so")) {
      if (Files.isRegularFile(home.resolve(backend))) {
        preload(home.resolve(backend), arena);
      }
    }
    SymbolLookup ggml = SymbolLookup.libraryLookup(library(home, "libggml"), arena);
    SymbolLookup llama = SymbolLookup.libraryLookup(library(home, "libllama"), arena);
    symbols = llama.or(ggml).or(base);
    MethodHandle ignoreLog;
    try {
      ignoreLog =
          MethodHandles.lookup()
              .findStatic(
                  LlamaLibrary.class,
                  "ignore",
                  MethodType.methodType(
                      void.class, int.class, MemorySegment.class, MemorySegment.class));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
    MemorySegment ignore =
        linker.upcallStub(ignoreLog, FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS), arena);
    call("llama_log_set", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS), ignore, MemorySegment.NULL);
    call(
        "ggml_backend_load_all_from_path",
        FunctionDescriptor.ofVoid(ADDRESS),
        arena.allocateFrom(home.toString()));
    call("llama_backend_init", FunctionDescriptor.ofVoid());
    decode = handle("llama_decode", FunctionDescriptor.of(JAVA_INT, ADDRESS, BATCH));
  }

  private static void preload(Path library, Arena arena) {
    try {
      SymbolLookup.libraryLookup(library, arena);
    } catch (IllegalArgumentException e) {
      throw new LlamaException(
          library + " does not load; are the libraries that it needs in LD_LIBRARY_PATH?");
    }
  }

  /// True when the model's layers go to a GPU.
  boolean hasGpu() {
    return (boolean) call("llama_supports_gpu_offload", FunctionDescriptor.of(JAVA_BOOLEAN));
  }

  @SuppressWarnings("unused") // called by the library
  private static void ignore(int level, MemorySegment text, MemorySegment data) {}

  /// `NAME.so`, or `NAME.VERSION.so`.
  private static Path library(Path folder, String name) {
    Path plain = folder.resolve(name + ".so");
    if (Files.isRegularFile(plain)) {
      return plain;
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, name + ".*so*")) {
      for (Path each : found) {
        return each;
      }
    } catch (IOException e) {
      throw new LlamaException("can't read the folder " + folder);
    }
    throw new LlamaException("no " + name + ".so in " + folder);
  }

  MemorySegment loadModel(Path file, Arena arena) {
    MemorySegment parameters = defaults("llama_model_default_params", arena);
    int layers = parameters.getAtIndex(JAVA_INT, GPU_LAYERS);
    if (layers != ALL_LAYERS && layers != 999) {
      throw new LlamaException("the library's parameters are not those of v0.5.0");
    }
    parameters.setAtIndex(JAVA_INT, GPU_LAYERS, ALL_LAYERS);
    MemorySegment model =
        (MemorySegment)
            call(
                "llama_model_load_from_file",
                FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS_STRUCT),
                arena.allocateFrom(file.toAbsolutePath().toString()),
                parameters);
    if (model.equals(MemorySegment.NULL)) {
      throw new LlamaException("can't load " + file);
    }
    return model;
  }

  /// @param positions of each sequence
  MemorySegment newContext(
      MemorySegment model, int positions, int sequences, int batch, int threads, Arena arena) {
    MemorySegment parameters = defaults("llama_context_default_params", arena);
    parameters.setAtIndex(JAVA_INT, 0, positions * sequences); // n_ctx
    parameters.setAtIndex(JAVA_INT, 1, batch); // n_batch
    parameters.setAtIndex(JAVA_INT, 2, batch); // n_ubatch
    parameters.setAtIndex(JAVA_INT, 3, sequences); // n_seq_max
    // Between attention_type and rope_freq_base; all types before it are "as the model says".
    if (parameters.getAtIndex(JAVA_INT, FLASH_ATTENTION) != -1
        || parameters.getAtIndex(JAVA_INT, FLASH_ATTENTION - 1) != -1
        || parameters.getAtIndex(JAVA_INT, FLASH_ATTENTION + 1) != 0) {
      throw new LlamaException("the library's parameters are not those of v0.5.0");
    }
    parameters.setAtIndex(JAVA_INT, FLASH_ATTENTION, 1);
    MemorySegment context =
        (MemorySegment)
            call(
                "llama_init_from_model",
                FunctionDescriptor.of(ADDRESS, ADDRESS, PARAMETERS_STRUCT),
                model,
                parameters);
    if (context.equals(MemorySegment.NULL)) {
      throw new LlamaException("no context for " + sequences + " sequences");
    }
    call(
        "llama_set_n_threads",
        FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT, JAVA_INT),
        context,
        threads,
        threads);
    return context;
  }

  /// A batch with room for so many tokens of one sequence each.
  LlamaBatch newBatch(int tokens, Arena arena) {
    MemorySegment batch =
        (MemorySegment)
            call(
                "llama_batch_init",
                FunctionDescriptor.of(BATCH, JAVA_INT, JAVA_INT, JAVA_INT),
                arena,
                tokens,
                0,
                1);
    return new LlamaBatch(batch, tokens);
  }

  void freeBatch(LlamaBatch batch) {
    call("llama_batch_free", FunctionDescriptor.ofVoid(BATCH), batch.struct());
  }

  void freeContext(MemorySegment context) {
    call("llama_free", FunctionDescriptor.ofVoid(ADDRESS), context);
  }

  void freeModel(MemorySegment model) {
    call("llama_model_free", FunctionDescriptor.ofVoid(ADDRESS), model);
  }

  void clear(MemorySegment context) {
    FunctionDescriptor get = FunctionDescriptor.of(ADDRESS, ADDRESS);
    MemorySegment memory = (MemorySegment) call("llama_get_memory", get, context);
    call("llama_memory_clear", FunctionDescriptor.ofVoid(ADDRESS, JAVA_BOOLEAN), memory, true);
  }

  /// Forgets a sequence from that position on.
  void cut(MemorySegment context, int sequence, int position) {
    FunctionDescriptor get = FunctionDescriptor.of(ADDRESS, ADDRESS);
    MemorySegment memory = (MemorySegment) call("llama_get_memory", get, context);
    boolean done =
        (boolean)
            call(
                "llama_memory_seq_rm",
                FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT),
                memory,
                sequence,
                position,
                -1);
    if (!done) {
      throw new LlamaException("can't forget part of a sequence");
    }
  }

  /// Computes a batch; its logits are there when it returns.
  void decode(MemorySegment context, LlamaBatch batch) {
    int result;
    try {
      result = (int) decode.invoke(context, batch.struct());
    } catch (Throwable e) {
      throw new IllegalStateException("llama_decode", e);
    }
    if (result != 0) {
      throw new LlamaException("llama_decode returned " + result);
    }
    call("llama_synchronize", FunctionDescriptor.ofVoid(ADDRESS), context);
  }

  /// Copies the logits after the batch's token `index`, which wanted them.
  void logits(MemorySegment context, int index, float[] to) {
    FunctionDescriptor get = FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT);
    MemorySegment row = (MemorySegment) call("llama_get_logits_ith", get, context, index);
    if (row.equals(MemorySegment.NULL)) {
      throw new LlamaException("no logits after token " + index);
    }
    MemorySegment.copy(
        row.reinterpret((long) to.length * Float.BYTES), JAVA_FLOAT, 0, to, 0, to.length);
  }

  private MemorySegment defaults(String function, Arena arena) {
    return (MemorySegment) call(function, FunctionDescriptor.of(PARAMETERS_STRUCT), arena);
  }

  private MethodHandle handle(String name, FunctionDescriptor descriptor) {
    Optional<MemorySegment> address = symbols.find(name);
    return linker.downcallHandle(
        address.orElseThrow(() -> new LlamaException("the library has no " + name)), descriptor);
  }

  private Object call(String name, FunctionDescriptor descriptor, Object... arguments) {
    try {
      return handle(name, descriptor).invokeWithArguments(arguments);
    } catch (LlamaException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(name, e);
    }
  }
}
