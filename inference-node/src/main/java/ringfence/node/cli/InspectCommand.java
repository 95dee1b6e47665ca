package ringfence.node.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import ringfence.node.catalogue.ModelFile;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.MetadataArray;
import ringfence.node.gguf.MetadataValue;
import ringfence.node.gguf.Tensor;
import ringfence.node.gguf.TensorType;

/// `node inspect FILE`.
@Command(
    name = "inspect",
    description = "Shows what a GGUF file holds.",
    mixinStandardHelpOptions = true)
final class InspectCommand implements Callable<Integer> {
  private static final int LONGEST_TEXT = 100;
  private static final int FIRST_ELEMENTS = 4;

  @Parameters(
      index = "0",
      paramLabel = "FILE|NAME",
      description = "A GGUF file, or the name of a fetched model.")
  private String model;

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean listTensors;

  @Option(names = "--full", description = "Print long strings (such as the chat template) whole.")
  private boolean full;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    Path path = ModelFile.find(model).file();
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.open(path, arena);
      out.printf(
          "%s: GGUF version %d, %d MiB, alignment %d%n%n",
          path.getFileName(), file.version(), file.byteSize() >> 20, file.alignment());
      for (String key : file.metadata().keys()) {
        MetadataValue value = file.metadata().find(key);
        out.printf("%-46s %s%n", key, value == null ? "" : show(value));
      }
      out.println();
      summary(out, file);
      if (listTensors) {
        out.println();
        for (Tensor tensor : file.tensors()) {
          out.printf(
              "%-40s %-5s %s%n", tensor.name(), tensor.type(), file.dimensions(tensor.name()));
        }
      }
    }
    out.flush();
    return 0;
  }

  private static void summary(PrintWriter out, GgufFile file) {
    Map<TensorType, long[]> byType = new EnumMap<>(TensorType.class);
    long parameters = 0;
    for (Tensor tensor : file.tensors()) {
      long count = tensor.columns() * tensor.rows();
      long[] sums = byType.computeIfAbsent(tensor.type(), t -> new long[3]);
      sums[0]++;
      sums[1] += count;
      sums[2] += tensor.data().byteSize();
      parameters += count;
    }
    out.printf("%d tensors, %.1f million parameters%n", file.tensors().size(), parameters / 1e6);
    byType.forEach((type, sums) ->
        out.printf(
            "  %-5s %4d tensors %9.1f million %7d MiB%n",
            type, sums[0], sums[1] / 1e6, sums[2] >> 20));
  }

  private String show(MetadataValue value) {
    return switch (value) {
      case MetadataValue.Whole whole -> whole.toString();
      case MetadataValue.Fraction fraction -> fraction.toString();
      case MetadataValue.Flag flag -> flag.toString();
      case MetadataValue.Text text -> shorten(text.text());
      case MetadataValue.Elements elements -> show(elements.array());
    };
  }

  private String show(MetadataArray array) {
    StringBuilder text =
        new StringBuilder()
            .append(array.size())
            .append(" x ")
            .append(array.elementType())
            .append(": [");
    for (int i = 0; i < Math.min(FIRST_ELEMENTS, array.size()); i++) {
      text.append(i == 0 ? "" : ", ").append(show(array.get(i)));
    }
    return text.append(array.size() > FIRST_ELEMENTS ? ", ...]" : "]").toString();
  }

  private String shorten(String text) {
    String line = text.replace("\n", "\\n").replace("\r", "\\r");
    return full
        ? text
        : line.length() <= LONGEST_TEXT
            ? line
            : line.substring(0, LONGEST_TEXT) + "... (" + text.length() + " characters)";
  }
}
