package ringfence.node.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.BackendContestant;
import ringfence.node.bench.Comparison;
import ringfence.node.bench.Contestant;
import ringfence.node.bench.LlamaContestant;
import ringfence.node.bench.Measurement;
import ringfence.node.bench.ResidentMemory;
import ringfence.node.catalogue.ModelFile;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;

/// `bench`: how fast a model runs here, and how fast beside llama.cpp.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measures prefill of 512 tokens and decoding with 1, 4 and 16 sequences, in tokens per second,",
      "and this process's memory; with --peer the same for llama.cpp, in turns."
    })
public final class BenchCommand implements Callable<Integer> {
  private static final int PAGE_TOKENS = 32;
  private static final int MAX_BATCH_TOKENS = 512;

  @Option(
      names = "--model",
      paramLabel = "NAME|FILE.gguf",
      defaultValue = "smollm2-135m-instruct",
      description = "A model's name, once it is fetched, or a file (default: ${DEFAULT-VALUE}).")
  private String model;

  @Option(
      names = "--backend",
      defaultValue = "auto",
      description = "auto, cpu or reference (default: ${DEFAULT-VALUE}).")
  private String backend;

  @Option(names = "--threads", description = "Workers of each side (default: one per core).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(
      names = "--runs",
      defaultValue = "7",
      description =
          "Runs of each measurement, of which the median counts (default: ${DEFAULT-VALUE}).")
  private int runs;

  @Option(
      names = "--warm-up",
      paramLabel = "ROUNDS",
      defaultValue = "3",
      description = "Rounds before the first run counts (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--peer",
      paramLabel = "LIBDIR",
      description =
          "Folder with llama.cpp's libllama.so, libggml.so, libggml-base.so, libggml-cpu*.so.")
  private @Nullable Path peer;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Path file = ModelFile.find(model).file();
    try (Arena arena = Arena.ofShared()) {
      Model loaded = ModelLoader.load(GgufFile.open(file, arena));
      try (Contestant ours = ours(loaded)) {
        Comparison alone = new Comparison(ours, null);
        alone.warmUp(warmUp);
        out.printf("%s, %d MiB, %d threads%n", file.getFileName(), Files.size(file) >> 20, threads);
        OptionalLong resident = ResidentMemory.bytes();
        resident.ifPresent(bytes -> out.printf("memory after warm-up: %d MiB%n", bytes >> 20));
        out.flush();
        if (peer == null) {
          measure(alone, out);
        } else {
          int vocabulary = loaded.spec().vocabulary();
          try (Contestant theirs =
              new LlamaContestant(
                  peer, file, vocabulary, Measurement.MOST_POSITIONS, MAX_BATCH_TOKENS, threads)) {
            new Comparison(theirs, null).warmUp(1);
            measure(new Comparison(ours, theirs), out);
          }
        }
      }
    }
    return 0;
  }

  private void measure(Comparison comparison, PrintWriter out) {
    for (int run = 0; run < runs; run++) {
      comparison.run();
    }
    out.print(comparison.table());
    out.flush();
  }

  private Contestant ours(Model loaded) {
    int pages = Measurement.MOST_SEQUENCES * Measurement.MOST_POSITIONS / PAGE_TOKENS;
    BackendOptions options = new BackendOptions(pages, PAGE_TOKENS, MAX_BATCH_TOKENS, threads);
    BackendKind kind =
        BackendKind.named(backend)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "--backend is one of " + String.join(", ", BackendKind.names())));
    Backend opened = Backends.open(kind, loaded, options);
    return new BackendContestant(opened, loaded.spec().vocabulary());
  }
}
