package ringfence.node.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import ringfence.node.bench.SyntheticModel;
import ringfence.node.catalogue.ModelFile;

/// Options for the model that a command measures.
final class MeasuredModel {
  @Option(
      names = "--model",
      paramLabel = "NAME|FILE.gguf",
      defaultValue = "smollm2-135m-instruct",
      description = "A model's name, once it is fetched, or a file (default: ${DEFAULT-VALUE}).")
  private String model;

  @Option(
      names = "--synthetic",
      paramLabel = "SHAPE:FORMAT",
      description =
          "Instead of --model one with random weights: tiny, 0.6b or 8b (Qwen3's shapes), and"
              + " q4_k_m, q4_0 or q8_0, e.g. 8b:q4_k_m.")
  private @Nullable String synthetic;

  @Option(
      names = "--synthetic-folder",
      paramLabel = "DIR",
      description =
          "Keeps the synthetic model there, or takes it from there (default: a folder that is"
              + " removed at the end).")
  private @Nullable Path folder;

  /// What a command does with the file.
  interface Use {
    /// Uses it; the command's exit code comes back.
    int with(Path file) throws Exception;
  }

  /// Finds the model, or makes it for as long as it is used.
  ///
  /// @throws IllegalArgumentException when there is none of that name or shape
  int use(Use use) throws Exception {
    if (synthetic == null) {
      return use.with(ModelFile.find(model).file());
    }
    SyntheticModel made = SyntheticModel.named(synthetic);
    if (folder != null) {
      return use.with(made.write(folder));
    }
    Path own = Files.createTempDirectory("ringfence-synthetic");
    try {
      return use.with(made.write(own));
    } finally {
      removeAll(own);
    }
  }

  private static void removeAll(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
