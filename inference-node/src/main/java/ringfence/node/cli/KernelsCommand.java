package ringfence.node.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.kernels.KernelBench;
import ringfence.node.bench.kernels.KernelCase;
import ringfence.node.bench.kernels.KernelCases;
import ringfence.node.bench.kernels.KernelCheck;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuCandidate;
import ringfence.node.compute.vulkan.device.GpuInstance;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// `kernels`: whether a GPU's matrix kernels are right, and how fast each variant is.
@Command(
    name = "kernels",
    mixinStandardHelpOptions = true,
    description = {
      "Times the variants of the GPU's matrix kernels for shapes of a model; with --check instead",
      "compares their results with float64 products."
    })
public final class KernelsCommand implements Callable<Integer> {
  @Option(names = "--check", description = "Checks results instead of timing.")
  private boolean check;

  @Option(
      names = "--device",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Part of the device's name (default: the first usable one).")
  private String device;

  @Option(
      names = "--formats",
      split = ",",
      paramLabel = "FORMAT",
      description = "Formats (default: Q4_K,Q6_K,Q4_0; with --check all).")
  private List<WeightFormat> formats = new ArrayList<>();

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "ROWSxCOLUMNS",
      defaultValue = "6144x4096,4096x4096,24576x4096,4096x12288,151936x4096",
      description = "Matrices to time (default: those of Qwen3-8B).")
  private List<String> shapes = new ArrayList<>();

  @Option(
      names = "--tokens",
      split = ",",
      paramLabel = "TOKENS",
      defaultValue = "1,2,3,4,8,16,32,64,512,2048",
      description = "Numbers of tokens to time (default: ${DEFAULT-VALUE}).")
  private List<Integer> tokens = new ArrayList<>();

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Only variants whose name holds this, e.g. 'matvec 8x' or '@64'.")
  private String only;

  @Option(
      names = "--footprint",
      paramLabel = "MIB",
      defaultValue = "420",
      description = "Weights that take turns (default: ${DEFAULT-VALUE}).")
  private int footprint;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (GpuInstance instance = GpuInstance.open()) {
      GpuCandidate candidate =
          instance.candidates().stream()
              .filter(c -> c.unusable().isEmpty() && c.name().contains(device))
              .findFirst()
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      "no usable Vulkan device is named '" + device + "'"));
      try (Gpu gpu = candidate.open();
          Matrices matrices = new Matrices(new Pipelines(gpu), Arithmetic.FAST)) {
        out.println(gpu.traits().name() + ", " + gpu.traits().driver());
        return check ? check(gpu, matrices, out) : time(gpu, matrices, out);
      }
    }
  }

  private int check(Gpu gpu, Matrices matrices, PrintWriter out) {
    KernelCheck kernels = new KernelCheck(gpu, matrices);
    int wrong = 0;
    for (WeightFormat format : formats.isEmpty() ? List.of(WeightFormat.values()) : formats) {
      Map<String, Double> worst = new TreeMap<>();
      int count = 0;
      for (KernelCase test : KernelCases.of(format, matrices, true)) {
        if (!test.choice().toString().contains(only)) {
          continue;
        }
        double error = kernels.worst(test);
        count++;
        worst.merge(test.choice().toString(), error, Math::max);
        if (!(error <= 1)) {
          wrong++;
          out.println("WRONG " + test + ": " + error + " of " + test.bound());
        }
      }
      out.printf(
          Locale.ROOT, "%s: %d products, largest error as a share of its bound:%n", format, count);
      worst.forEach((kernel, error) -> out.printf(Locale.ROOT, "  %-28s %.3f%n", kernel, error));
      out.flush();
    }
    out.println(wrong == 0 ? "all are right" : wrong + " are wrong");
    return wrong == 0 ? 0 : 1;
  }

  private int time(Gpu gpu, Matrices matrices, PrintWriter out) {
    List<WeightFormat> which =
        formats.isEmpty()
            ? List.of(WeightFormat.Q4_K, WeightFormat.Q6_K, WeightFormat.Q4_0)
            : formats;
    KernelBench.Plan plan =
        new KernelBench.Plan(
            which,
            shapes.stream().map(KernelsCommand::shape).toList(),
            tokens,
            (long) footprint << 20,
            only);
    try (KernelBench bench = new KernelBench(gpu, matrices, plan)) {
      bench.run(line -> {
        out.println(line);
        out.flush();
      });
    }
    return 0;
  }

  private static KernelBench.Shape shape(String text) {
    if (!text.matches("[1-9][0-9]{0,6}x[1-9][0-9]{0,6}")) {
      throw new IllegalArgumentException(
          "--shapes: '" + text + "' is no ROWSxCOLUMNS, e.g. 4096x4096");
    }
    int x = text.indexOf('x');
    return new KernelBench.Shape(
        Integer.parseInt(text.substring(0, x)), Integer.parseInt(text.substring(x + 1)));
  }
}
