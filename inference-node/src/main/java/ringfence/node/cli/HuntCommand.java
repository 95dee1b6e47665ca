package ringfence.node.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.RaceHunt;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.Backends;
import ringfence.node.gguf.GgufFile;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;

/// `hunt`: whether a backend says the same again and again.
@Command(
    name = "hunt",
    mixinStandardHelpOptions = true,
    description = {
      "Looks for races: the same sequences at odd batch sizes, greedy and seeded, must give the same",
      "tokens and log probabilities, bit for bit, in every run; with --deterministic at every batch",
      "size too."
    })
public final class HuntCommand implements Callable<Integer> {
  private static final int PAGE_TOKENS = 16;
  private static final int MOST_SEQUENCES = 256;
  private static final int SHOWN = 20;

  @Mixin private MeasuredModel model;

  @Mixin private MeasuredBackend backend;

  @Option(names = "--deterministic", description = "One order of summation at all batch sizes.")
  private boolean deterministic;

  @Option(
      names = "--batches",
      paramLabel = "SEQUENCES",
      split = ",",
      defaultValue = "1,2,3,5,7,9,13,17,33,63",
      description = "Sequences side by side (default: ${DEFAULT-VALUE}).")
  private List<Integer> batches;

  @Option(
      names = "--tokens",
      defaultValue = "64",
      description = "That each sequence says (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(names = "--runs", defaultValue = "4", description = "Default: ${DEFAULT-VALUE}.")
  private int runs;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    check("--batches", Collections.min(batches), MOST_SEQUENCES);
    check("--batches", Collections.max(batches), MOST_SEQUENCES);
    check("--tokens", tokens, 1 << 16);
    check("--runs", runs, 1 << 16);
    return model.use(this::hunt);
  }

  private int hunt(Path file) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (Arena arena = Arena.ofShared()) {
      Model loaded = ModelLoader.load(GgufFile.open(file, arena));
      int most = Collections.max(batches);
      BackendOptions options =
          new BackendOptions(
                  RaceHunt.pages(most, tokens, PAGE_TOKENS),
                  PAGE_TOKENS,
                  Math.max(512, most),
                  backend.threads(),
                  deterministic,
                  backend.device())
              .withKvType(backend.kvType());
      try (Backend opened = Backends.open(backend.kind(), loaded, options)) {
        out.printf("%s on %s%n", opened.numerics(), opened.device());
        out.flush();
        RaceHunt.Result result =
            new RaceHunt(opened, loaded.spec().vocabulary()).hunt(batches, tokens, runs);
        result.findings().stream().limit(SHOWN).forEach(out::println);
        out.printf(
            "%d tokens in %d runs at batch sizes %s: %s%n",
            result.tokens(),
            runs,
            batches,
            result.findings().isEmpty()
                ? opened.deterministic()
                    ? "all the same, whatever the batch size"
                    : "each run the same"
                : result.findings().size() + " sequences differ");
        out.flush();
        return result.findings().isEmpty() ? 0 : 1;
      }
    }
  }

  private static void check(String option, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          option + " has " + value + "; it must be between 1 and " + most);
    }
  }
}
