package ringfence.node.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.LlamaReader;
import ringfence.node.bench.truth.Comparison;
import ringfence.node.bench.truth.Truth;
import ringfence.node.catalogue.ModelCache;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendKind;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.compute.KvType;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;
import ringfence.node.tokenizer.MarkedText;
import ringfence.node.tokenizer.Tokenizers;

/// `truth`: whether a backend's answers are those of the float32 reference.
@Command(
    name = "truth",
    mixinStandardHelpOptions = true,
    description = {
      "With --write: has the slow reference read a text and keeps what it says after each token, in",
      "a file of some 500 bytes a token. With --read: has a backend read the same text and compares,",
      "in passes of several sizes; fails where a decided token differs or the mean divergence is",
      "over the gate."
    })
public final class TruthCommand implements Callable<Integer> {
  private static final double FAST_GATE = 1e-3;
  private static final double DETERMINISTIC_GATE = 1e-4;
  private static final double BYTES_GATE = 2e-3;

  /// Who is nearer than that differs by rounding, and is not asked to be as near as a peer.
  private static final double ROUNDING = 1e-5;

  @Mixin private MeasuredModel model;

  @Mixin private MeasuredBackend backend;

  @Option(names = "--write", paramLabel = "FILE", description = "Makes the file.")
  private @Nullable Path write;

  @Option(names = "--text", paramLabel = "FILE", description = "The text, with --write.")
  private @Nullable Path text;

  @Option(
      names = "--tokens",
      defaultValue = "512",
      description =
          "Of the text, with --write (default: ${DEFAULT-VALUE}). More than 256: only then is a GPU's"
              + " attention of single tokens cut into parts.")
  private int tokens;

  @Option(names = "--read", paramLabel = "FILE", description = "Compares with the file.")
  private @Nullable Path read;

  @Option(
      names = "--passes",
      paramLabel = "TOKENS",
      split = ",",
      defaultValue = "1,2,5,20,512",
      description = "Tokens of a pass (default: ${DEFAULT-VALUE}).")
  private List<Integer> passes;

  @Option(
      names = "--peer",
      paramLabel = "LIBDIR",
      description =
          "With --read: a folder of llama.cpp's libraries (as for 'bench'), which reads the text"
              + " too; a backend that is farther from the reference than it fails.")
  private @Nullable Path peer;

  @Option(
      names = "--gate",
      paramLabel = "NATS",
      description =
          "The largest mean divergence that is right (default: 0.001; 0.0001 on the processor and"
              + " with one order of summation; 0.002 with q8).")
  private @Nullable Double gate;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    Path target = write;
    Path source = read;
    if ((target == null) == (source == null)) {
      throw new IllegalArgumentException("truth wants one of --write FILE and --read FILE");
    }
    return model.use(file -> truth(file, target, source));
  }

  private int truth(Path file, @Nullable Path target, @Nullable Path source) throws IOException {
    String digest = ModelCache.ofUser().sha256(file);
    try (Arena arena = Arena.ofShared()) {
      GgufFile gguf = GgufFile.open(file, arena);
      Model loaded = ModelLoader.load(gguf);
      if (target != null) {
        return write(gguf, loaded, digest, target);
      }
      return compare(loaded, file, digest, Truth.read(Objects.requireNonNull(source)));
    }
  }

  private int write(GgufFile gguf, Model loaded, String digest, Path target) throws IOException {
    if (text == null) {
      throw new IllegalArgumentException("--write wants --text FILE, the text to read");
    }
    if (tokens < 1 || tokens > Truth.MOST_TOKENS) {
      throw new IllegalArgumentException(
          "--tokens has " + tokens + "; it must be between 1 and " + Truth.MOST_TOKENS);
    }
    int[] ids =
        Tokenizers.of(gguf.metadata()).encode(MarkedText.plain(Files.readString(text)), true);
    if (ids.length < tokens) {
      throw new IllegalArgumentException(
          "--text has " + ids.length + " tokens; take a longer one, or fewer --tokens");
    }
    BackendOptions options = Comparison.options(tokens, backend.threads(), false, "", KvType.F16);
    try (Backend reference = Backends.open(BackendKind.REFERENCE, loaded, options)) {
      Truth.of(reference, digest, loaded.spec().vocabulary(), Arrays.copyOf(ids, tokens))
          .write(target);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%s: %d tokens, %d bytes%n", target, tokens, Files.size(target));
    out.flush();
    return 0;
  }

  private int compare(Model loaded, Path file, String digest, Truth truth) {
    if (!truth.model().equals(digest) || truth.vocabulary() != loaded.spec().vocabulary()) {
      throw new IllegalArgumentException(
          "the file was made with another model: SHA-256 "
              + truth.model()
              + ", and this one has "
              + digest);
    }
    BackendKind kind = Backends.choose(backend.kind());
    KvType type = backend.kvType();
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        "| backend | tokens a pass | positions | decided | different | decided and different |"
            + " largest margin of a difference | mean KL | largest KL | |");
    out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    Map<Integer, Comparison> peers = peers(loaded, file, truth, out);
    boolean right = true;
    for (boolean deterministic :
        kind == BackendKind.VULKAN ? new boolean[] {false, true} : new boolean[] {true}) {
      BackendOptions options =
          Comparison.options(
              truth.ids().length, backend.threads(), deterministic, backend.device(), type);
      try (Backend opened = Backends.open(kind, loaded, options)) {
        for (int each : passes(truth)) {
          Comparison comparison = Comparison.of(opened, truth, each);
          Comparison other = peers.get(each);
          double allowed =
              Math.min(
                  gate(deterministic, type),
                  other == null
                      ? Double.POSITIVE_INFINITY
                      : Math.max(ROUNDING, other.meanDivergence()));
          boolean ok = comparison.wrong() == 0 && comparison.meanDivergence() <= allowed;
          right &= ok;
          print(
              out,
              opened.numerics(),
              each,
              comparison,
              ok ? "right" : "WRONG, the gate is " + allowed);
        }
      }
    }
    return right ? 0 : 1;
  }

  /// What llama.cpp makes of it, by the tokens of a pass; empty without `--peer`.
  private Map<Integer, Comparison> peers(Model loaded, Path file, Truth truth, PrintWriter out) {
    Map<Integer, Comparison> all = new HashMap<>();
    Path folder = peer;
    if (folder == null) {
      return all;
    }
    int vocabulary = loaded.spec().vocabulary();
    try (LlamaReader reader =
        new LlamaReader(folder, file, vocabulary, truth.ids().length, backend.threads())) {
      for (int each : passes(truth)) {
        Comparison comparison = Comparison.of(truth, rows -> reader.read(truth.ids(), each, rows));
        all.put(each, comparison);
        print(out, reader.name(), each, comparison, "");
      }
    }
    return all;
  }

  private static void print(
      PrintWriter out, String name, int each, Comparison comparison, String verdict) {
    out.printf(
        Locale.ROOT,
        "| %s | %d | %d | %d | %d | %d | %.3f | %.3g | %.3g | %s |%n",
        name,
        each,
        comparison.positions(),
        comparison.decided(),
        comparison.different(),
        comparison.wrong(),
        comparison.largestMargin(),
        comparison.meanDivergence(),
        comparison.largestDivergence(),
        verdict);
    out.flush();
  }

  private List<Integer> passes(Truth truth) {
    List<Integer> all = new ArrayList<>();
    for (int each : passes) {
      if (each < 1) {
        throw new IllegalArgumentException("--passes has " + each + "; it must be at least 1");
      }
      int possible = Math.min(each, truth.ids().length);
      if (!all.contains(possible)) {
        all.add(possible);
      }
    }
    return all;
  }

  private double gate(boolean deterministic, KvType type) {
    if (gate != null) {
      return gate;
    }
    return type == KvType.Q8 ? BYTES_GATE : deterministic ? DETERMINISTIC_GATE : FAST_GATE;
  }
}
