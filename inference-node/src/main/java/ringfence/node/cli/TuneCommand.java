package ringfence.node.cli;

import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import ringfence.node.bench.BackendContestant;
import ringfence.node.bench.kernels.KernelTuner;
import ringfence.node.bench.kernels.WholeSteps;
import ringfence.node.cache.CacheFolder;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.cpu.CpuLayers;
import ringfence.node.compute.vulkan.VulkanDevices;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.kernel.Pipelines;
import ringfence.node.compute.vulkan.matrix.Arithmetic;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.TunedShapes;
import ringfence.node.compute.vulkan.pass.VulkanBackend;
import ringfence.node.compute.vulkan.weights.WeightFormat;
import ringfence.node.compute.vulkan.weights.WeightLayout;
import ringfence.node.gguf.GgufFile;
import ringfence.node.gguf.Tensor;
import ringfence.node.model.Model;
import ringfence.node.model.ModelLoader;
import ringfence.node.model.Weights;

/// `tune`: finds a model's fastest kernels on a GPU.
@Command(
    name = "tune",
    mixinStandardHelpOptions = true,
    description = {
      "Measures which kernels are the fastest for a model's matrices on a GPU and remembers them in",
      "the cache folder, for this device, driver and version: those with which whole steps of the",
      "model gain. Takes effect where a model is opened next; not with --deterministic."
    })
public final class TuneCommand implements Callable<Integer> {
  private static final int MOST_SECONDS = 3600;
  private static final int PAGE_TOKENS = 32;

  @Mixin private MeasuredModel model;

  @Option(
      names = "--device",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "The GPU's number or part of its name (default: the best).")
  private String device;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      description =
          "How long to measure kernels; what is not reached then stays as usual (default:"
              + " ${DEFAULT-VALUE}).")
  private int seconds;

  @Option(names = "--forget", description = "Forgets what is remembered, and measures nothing.")
  private boolean forget;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (seconds < 1 || seconds > MOST_SECONDS) {
      throw new IllegalArgumentException(
          "--seconds has " + seconds + "; it must be between 1 and " + MOST_SECONDS);
    }
    PrintWriter out = spec.commandLine().getOut();
    VulkanDevices.Opened opened = VulkanDevices.open(device);
    try {
      Gpu gpu = opened.gpu();
      say(out, gpu.traits().name() + ", " + gpu.traits().driver());
      if (gpu.traits().isSoftware()) {
        say(out, "it is software, on which nothing is tuned");
        return 1;
      }
      if (forget) {
        TunedShapes.NONE.remember(gpu.traits(), CacheFolder.ofUser());
        say(out, "forgotten");
        return 0;
      }
      return model.use(file -> {
        try (Arena arena = Arena.ofShared()) {
          tune(new Pipelines(gpu), ModelLoader.load(GgufFile.open(file, arena)), out);
        }
        return 0;
      });
    } finally {
      opened.owner().close();
    }
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }

  private void tune(Pipelines pipelines, Model loaded, PrintWriter out) {
    Gpu gpu = pipelines.gpu();
    KernelTuner.Result result;
    try (Matrices matrices = new Matrices(pipelines, Arithmetic.FAST);
        KernelTuner tuner = new KernelTuner(gpu, matrices, matrices(loaded))) {
      result = tuner.tune(Duration.ofSeconds(seconds), line -> say(out, line));
    }
    TunedShapes taken = TunedShapes.NONE;
    if (!result.tuned().choices().isEmpty()) {
      Map<TunedShapes.Bucket, Double> usual = steps(pipelines, loaded, TunedShapes.NONE);
      Map<TunedShapes.Bucket, Double> tuned = steps(pipelines, loaded, result.tuned());
      taken = WholeSteps.confirmed(result.tuned(), usual, tuned, line -> say(out, line));
    }
    TunedShapes.remembered(gpu.traits())
        .with(result.measured(), taken)
        .remember(gpu.traits(), CacheFolder.ofUser());
    say(
        out,
        "%d of %d products measured, %d with another kernel than usual: remembered"
            .formatted(result.measured().size(), result.all(), taken.choices().size()));
  }

  private static Map<TunedShapes.Bucket, Double> steps(
      Pipelines pipelines, Model loaded, TunedShapes shapes) {
    BackendOptions options =
        new BackendOptions(
            WholeSteps.pages(PAGE_TOKENS),
            PAGE_TOKENS,
            WholeSteps.batchTokens(),
            Runtime.getRuntime().availableProcessors());
    Backend backend =
        VulkanBackend.openTuned(pipelines, () -> {}, loaded, options, CpuLayers::open, shapes);
    try (BackendContestant contestant =
        new BackendContestant(backend, loaded.spec().vocabulary(), WholeSteps.positions())) {
      return WholeSteps.measure(contestant);
    }
  }

  private static List<KernelTuner.Matrix> matrices(Model loaded) {
    List<KernelTuner.Matrix> all = new ArrayList<>();
    for (Weights.Layer layer : loaded.weights().layers()) {
      for (Tensor tensor :
          List.of(
              layer.query(), layer.key(), layer.value(), layer.attentionOutput(), layer.down())) {
        all.add(new KernelTuner.Matrix(layout(tensor), 1));
      }
      boolean gated = layer.gate().type() == layer.up().type();
      all.add(new KernelTuner.Matrix(layout(layer.gate()), gated ? 2 : 1));
      all.add(new KernelTuner.Matrix(layout(layer.up()), gated ? 2 : 1));
    }
    all.add(new KernelTuner.Matrix(layout(loaded.weights().output()), 1));
    return all.stream().distinct().toList();
  }

  private static WeightLayout layout(Tensor tensor) {
    return new WeightLayout(
        WeightFormat.of(tensor.type()),
        Math.toIntExact(tensor.rows()),
        Math.toIntExact(tensor.columns()));
  }
}
