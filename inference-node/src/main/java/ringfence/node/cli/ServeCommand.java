package ringfence.node.cli;

import io.quarkus.runtime.Quarkus;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import ringfence.node.serving.NodeApplication;

/// `node serve`: settings given here win over environment and files.
@Command(
    name = "serve",
    description =
        "Serves models to routers until it is stopped. Every setting is also a key, ringfence.node.*, and an environment variable.",
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "NAME|FILE.gguf",
      description = "A model to serve; may be repeated.")
  private List<String> models = List.of();

  @Option(
      names = "--simulate",
      paramLabel = "ttft=TIME,tpot=TIME,...",
      description =
          "Instead of a model: a node that only takes its time. Also tpot-full, prefill, slots, context, kv, answer, model.")
  private String simulate = "";

  @Option(names = "--backend", paramLabel = "KIND", description = "auto, cpu, vulkan or reference.")
  private String backend = "";

  @Option(
      names = "--device",
      paramLabel = "NAME|NUMBER",
      description = "The GPU to use, where there are several.")
  private String device = "";

  @Option(
      names = "--deterministic",
      description = "The same text whatever runs beside it, also where that is slow.")
  private boolean deterministic;

  @Option(
      names = "--gpu-layers",
      paramLabel = "N|auto",
      description = "Layers on the GPU, the others on the CPU.")
  private String gpuLayers = "";

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      description = "How the GPU keeps keys and values: f16 or q8.")
  private String kvType = "";

  @Option(names = "--name", description = "This node's name in the fleet.")
  private String name = "";

  @Option(names = "--zone", description = "device, site, datacenter or external.")
  private String zone = "";

  @Option(names = "--listen", paramLabel = "HOST:PORT", description = "Where routers connect.")
  private String listen = "";

  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      description = "A router to report to; may be repeated.")
  private List<String> routers = List.of();

  @Option(names = "--threads", paramLabel = "N", description = "Compute threads.")
  private String threads = "";

  @Override
  public Integer call() {
    set(
        "models",
        String.join(
            ",", models.stream().map(m -> m.replace("\\", "\\\\").replace(",", "\\,")).toList()));
    set("simulate", simulate);
    set("backend", backend);
    set("device", device);
    set("deterministic", deterministic ? "true" : "");
    set("gpu-layers", gpuLayers);
    set("kv-type", kvType);
    set("name", name);
    set("zone", zone);
    set("listen-address", listen);
    set("routers", String.join(",", routers));
    set("threads", threads);
    AtomicInteger exit = new AtomicInteger();
    Quarkus.run(
        NodeApplication.class,
        (code, failure) -> exit.set(failure != null && code == 0 ? 1 : code));
    return exit.get();
  }

  private static void set(String key, String value) {
    if (!value.isEmpty()) {
      System.setProperty("ringfence.node." + key, value);
    }
  }
}
