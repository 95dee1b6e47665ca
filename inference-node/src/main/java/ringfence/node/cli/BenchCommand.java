package ringfence.node.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.BackendContestant;
import ringfence.node.bench.Comparison;
import ringfence.node.bench.Contestant;
import ringfence.node.bench.GpuClock;
import ringfence.node.bench.LlamaContestant;
import ringfence.node.bench.LoadTable;
import ringfence.node.bench.Measurement;
import ringfence.node.bench.Profile;
import ringfence.node.bench.ResidentMemory;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.compute.KvType;
import ringfence.node.compute.LoadPart;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;

/// `bench`: how fast a model runs here, and how fast beside llama.cpp.
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = {
      "Measures prefill and decoding in tokens per second over all sequences, and this process's",
      "memory; with --peer the same for llama.cpp, in turns. Prints Markdown."
    })
public final class BenchCommand implements Callable<Integer> {
  private static final int PAGE_TOKENS = 32;
  private static final int MOST_SEQUENCES = 1024;
  private static final int MOST_TOKENS = 1 << 20;
  private static final int PROFILED_PASSES = 9;

  /// A GPU's clock has climbed after so long.
  private static final Duration GPU_BUSY = Duration.ofMillis(1200);

  @Mixin private MeasuredModel model;

  @Mixin private MeasuredBackend backend;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N",
      description = "Layers on the GPU, the others on the CPU (default: as many as fit).")
  private @Nullable Integer gpuLayers;

  @Option(
      names = "--deterministic",
      description =
          "A second column for the mode in which tokens don't depend on the batch, and what it"
              + " costs: the ratio of the fast one to it.")
  private boolean deterministic;

  @Option(
      names = "--prompts",
      paramLabel = "TOKENS",
      split = ",",
      description = "Lengths of prompts (default: 512; on a GPU 512,2048).")
  private @Nullable List<Integer> prompts;

  @Option(
      names = "--batches",
      paramLabel = "SEQUENCES",
      split = ",",
      description =
          "Sequences that decode side by side (default: 1,4,16; on a GPU 1,2,4,8,16,32,64).")
  private @Nullable List<Integer> batches;

  @Option(
      names = "--context",
      paramLabel = "TOKENS",
      defaultValue = "32",
      description = "Tokens in a sequence before it decodes (default: ${DEFAULT-VALUE}).")
  private int context;

  @Option(
      names = "--batch-tokens",
      paramLabel = "TOKENS",
      description = "In one pass, on each side (default: 512; on a GPU 2048).")
  private int batchTokens;

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
      names = "--profile",
      description = "Then prints where the device's time goes, phase by phase.")
  private boolean profile;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "Writes the profile as a trace for Chrome's viewer.")
  private @Nullable Path trace;

  @Option(
      names = "--load",
      description = {
        "Prints where the time of loading goes, with a prompt of the first length of --prompts that",
        "comes as early as it can, and measures nothing else."
      })
  private boolean load;

  @Option(
      names = "--bandwidth",
      paramLabel = "GB/S",
      description = "Of the device's memory, for the profile (default: known for H100 and H200).")
  private double bandwidth;

  @Option(
      names = "--peer",
      paramLabel = "LIBDIR",
      description = {
        "Folder with llama.cpp's libllama.so, libggml.so, libggml-base.so, libggml-cpu*.so;",
        "with libggml-cuda.so or libggml-vulkan.so it runs on the GPU."
      })
  private @Nullable Path peer;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    return model.use(this::bench);
  }

  private int bench(Path file) throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    BackendKind kind = Backends.choose(backend.kind());
    boolean gpu = kind != BackendKind.CPU && kind != BackendKind.REFERENCE;
    Sizes sizes =
        new Sizes(
            checked("--prompts", prompts, gpu ? List.of(512, 2048) : List.of(512), MOST_TOKENS),
            checked(
                "--batches",
                batches,
                gpu ? List.of(1, 2, 4, 8, 16, 32, 64) : List.of(1, 4, 16),
                MOST_SEQUENCES),
            checked("--context", List.of(context), List.of(), MOST_TOKENS).getFirst(),
            batchTokens > 0 ? batchTokens : gpu ? 2048 : 512);
    try (Arena arena = Arena.ofShared();
        Watched watched = new Watched(gpu || peer != null ? GpuClock.start() : Optional.empty())) {
      long began = System.nanoTime();
      Model loaded = ModelLoader.load(GgufFile.open(file, arena));
      double fileSeconds = (System.nanoTime() - began) / 1e9;
      Backend opened = Backends.open(kind, loaded, options(sizes, false));
      double openSeconds = (System.nanoTime() - began) / 1e9;
      if (load) {
        try (BackendContestant one = contestant(opened, loaded, sizes)) {
          int tokens = sizes.prompts().getFirst();
          one.prefill(tokens);
          double firstSeconds = (System.nanoTime() - began) / 1e9;
          List<LoadPart> parts = opened.loaded();
          out.print(
              LoadTable.of(fileSeconds, openSeconds - fileSeconds, tokens, firstSeconds, parts));
          out.flush();
          return 0;
        }
      }
      opened.loaded();
      double loadSeconds = (System.nanoTime() - began) / 1e9;
      String hardware = opened.device();
      try (Sides sides = new Sides(contestant(opened, loaded, sizes))) {
        BackendContestant ours = sides.ours();
        if (deterministic) {
          sides.add(contestant(Backends.open(kind, loaded, options(sizes, true)), loaded, sizes));
        }
        Duration busy = gpu ? GPU_BUSY : Duration.ZERO;
        GpuClock clock = gpu ? watched.clock() : null;
        Comparison alone = new Comparison(ours, sides.others(), sizes.measurements(), busy, clock);
        alone.warmUp(warmUp);
        out.printf(
            "%s, %d MiB, %d threads%n",
            file.getFileName(), Files.size(file) >> 20, backend.threads());
        out.printf("device: %s%n", hardware);
        if (watched.clock() != null) {
          out.printf("GPU: %s%n", watched.clock().device());
        }
        out.printf("loaded in %.2f s%n", loadSeconds);
        OptionalLong resident = ResidentMemory.bytes();
        resident.ifPresent(bytes -> out.printf("memory after warm-up: %d MiB%n", bytes >> 20));
        out.println();
        out.flush();
        if (peer == null) {
          measure(alone, out);
        } else {
          beside(peer, file, loaded, sides, sizes, clock, busy, out);
        }
        if (profile || trace != null) {
          showProfile(ours, sizes, hardware, out);
        }
      }
    }
    return 0;
  }

  private void beside(
      Path libraries,
      Path file,
      Model loaded,
      Sides sides,
      Sizes sizes,
      @Nullable GpuClock clock,
      Duration busy,
      PrintWriter out) {
    long began = System.nanoTime();
    try (Contestant theirs =
        new LlamaContestant(
            libraries,
            file,
            loaded.spec().vocabulary(),
            sizes.longestPrompt(),
            sizes.positions(),
            sizes.batchTokens(),
            backend.threads())) {
      out.printf("%s loaded in %.2f s%n%n", theirs.name(), (System.nanoTime() - began) / 1e9);
      new Comparison(theirs, List.of(), sizes.measurements(), busy, clock).warmUp(1);
      List<Contestant> others = new ArrayList<>(sides.others());
      others.add(theirs);
      measure(new Comparison(sides.ours(), others, sizes.measurements(), busy, clock), out);
    }
  }

  private BackendOptions options(Sizes sizes, boolean invariant) {
    int layers = gpuLayers == null ? BackendOptions.ALL_THAT_FIT : gpuLayers;
    return sizes
        .options(backend.threads(), invariant, backend.device(), layers)
        .withKvType(backend.kvType());
  }

  private static BackendContestant contestant(Backend backend, Model loaded, Sizes sizes) {
    return new BackendContestant(backend, loaded.spec().vocabulary(), sizes.positions());
  }

  private void measure(Comparison comparison, PrintWriter out) {
    for (int run = 0; run < runs; run++) {
      comparison.run();
    }
    out.print(comparison.table());
    out.flush();
  }

  private void showProfile(BackendContestant ours, Sizes sizes, String device, PrintWriter out)
      throws IOException {
    Profile shown = new Profile(bandwidth > 0 ? bandwidth : Profile.bandwidthOf(device));
    for (Measurement measurement : sizes.measurements()) {
      shown.add(measurement.label(), ours.profile(measurement, PROFILED_PASSES));
    }
    if (profile) {
      out.print(shown.tables());
    }
    if (trace != null) {
      shown.writeTrace(trace);
    }
    out.flush();
  }

  private static List<Integer> checked(
      String option, @Nullable List<Integer> asked, List<Integer> otherwise, int most) {
    if (asked == null) {
      return otherwise;
    }
    for (int each : asked) {
      if (each < 1 || each > most) {
        throw new IllegalArgumentException(
            option + " has " + each + "; it must be between 1 and " + most);
      }
    }
    return asked;
  }

  /// What is measured, and the room that it needs.
  private record Sizes(List<Integer> prompts, List<Integer> batches, int context, int batchTokens) {

    List<Measurement> measurements() {
      return Measurement.of(prompts, batches, context);
    }

    int longestPrompt() {
      return Collections.max(prompts);
    }

    int positions() {
      return context + Measurement.MOST_STEPS;
    }

    BackendOptions options(int threads, boolean deterministic, String device, int gpuLayers) {
      int pages =
          BackendContestant.pages(
              longestPrompt(), Collections.max(batches), positions(), PAGE_TOKENS);
      return new BackendOptions(
          pages, PAGE_TOKENS, batchTokens, threads, deterministic, device, gpuLayers, KvType.F16);
    }
  }

  /// Our own contestants, closed together.
  private static final class Sides implements AutoCloseable {
    private final BackendContestant ours;
    private final List<Contestant> others = new ArrayList<>();

    Sides(BackendContestant ours) {
      this.ours = ours;
    }

    void add(Contestant other) {
      others.add(other);
    }

    BackendContestant ours() {
      return ours;
    }

    List<Contestant> others() {
      return others;
    }

    @Override
    public void close() {
      try (ours) {
        others.forEach(Contestant::close);
      }
    }
  }

  /// A clock to be closed, where there is one.
  private record Watched(Optional<GpuClock> watching) implements AutoCloseable {
    @Nullable GpuClock clock() {
      return watching.orElse(null);
    }

    @Override
    public void close() {
      watching.ifPresent(GpuClock::close);
    }
  }
}
