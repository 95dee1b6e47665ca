package ringfence.node.compute.vulkan.pass;

import java.util.List;
import java.util.Optional;
import ringfence.node.compute.BackendOptions;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;
import ringfence.node.model.Weights;

/// Which of a model's layers the device takes: the last ones and the head, as many as have room
/// with their keys and values. The first ones stay on the processor, with the embedding.
///
/// @param front what stays; empty: nothing
/// @param back what the device takes
record LayerSplit(Optional<Model> front, Model back, WeightsPlan weights) {
  private static final System.Logger LOG = System.getLogger(LayerSplit.class.getName());

  /// For what lies between the phases, the logits and the driver's own needs.
  private static final long RESERVE = 512L << 20;

  private static final int RESERVED_PART = 16;

  /// Chooses.
  ///
  /// @throws GpuException `OUT_OF_DEVICE_MEMORY` when what was asked for has no room, or nothing
  ///   has
  static LayerSplit of(Gpu gpu, Model model, BackendOptions options) {
    return of(gpu, model, options, gpu.freeMemory());
  }

  /// @param free bytes of the device
  static LayerSplit of(Gpu gpu, Model model, BackendOptions options, long free) {
    int all = model.spec().layers().size();
    if (options.gpuLayers() == 0 || options.gpuLayers() < BackendOptions.ALL_THAT_FIT) {
      throw new IllegalArgumentException(
          "gpu-layers is "
              + options.gpuLayers()
              + "; it is auto or at least 1 (for none take the CPU backend)");
    }
    boolean asked = options.gpuLayers() != BackendOptions.ALL_THAT_FIT;
    LayerSplit whole = at(gpu, model, asked ? Math.min(all, options.gpuLayers()) : all);
    long room = asked ? free : free - Math.min(RESERVE, free / RESERVED_PART);
    if (whole.bytes(options) <= room) {
      if (whole.front().isPresent()) {
        whole.tell(gpu, "as it was asked for");
      }
      return whole;
    }
    String why =
        "%d MiB are free, and the weights need %d and the KV cache %d"
            .formatted(free >> 20, whole.weights.bytes() >> 20, whole.kvBytes(options) >> 20);
    // Bytes fall with the number of layers: the most that fit are found by halving.
    int fits = 0;
    int tooMany = all;
    while (!asked && tooMany - fits > 1) {
      int middle = (fits + tooMany) / 2;
      if (at(gpu, model, middle).bytes(options) <= room) {
        fits = middle;
      } else {
        tooMany = middle;
      }
    }
    if (fits == 0) {
      throw new GpuException(
          GpuException.Reason.OUT_OF_DEVICE_MEMORY,
          "%s: %s: take fewer gpu-layers, a smaller KV cache, a smaller model or quantisation, or another backend"
              .formatted(gpu.traits().name(), why));
    }
    LayerSplit split = at(gpu, model, fits);
    split.tell(gpu, why);
    return split;
  }

  /// A split with so many layers on the device.
  private static LayerSplit at(Gpu gpu, Model model, int onDevice) {
    int first = model.spec().layers().size() - onDevice;
    if (first == 0) {
      return new LayerSplit(Optional.empty(), model, ModelWeights.plan(gpu, model));
    }
    Weights weights = model.weights();
    Model front = part(model, 0, first, weights);
    // The embedding is not the device's; where it is the head too, it is there as that.
    Model back =
        part(
            model,
            first,
            model.spec().layers().size(),
            new Weights(
                weights.output(), weights.outputNorm(), weights.output(), weights.layers()));
    return new LayerSplit(Optional.of(front), back, ModelWeights.plan(gpu, back));
  }

  private static Model part(Model model, int from, int to, Weights weights) {
    return new Model(
        model.name(),
        model.spec().withLayers(model.spec().layers().subList(from, to)),
        new Weights(
            weights.tokenEmbedding(),
            weights.outputNorm(),
            weights.output(),
            weights.layers().subList(from, to)));
  }

  long bytes(BackendOptions options) {
    return weights.bytes() + kvBytes(options);
  }

  private long kvBytes(BackendOptions options) {
    ModelSpec spec = back.spec();
    return KvStore.pageBytes(spec, options.kvType(), options.pageTokens())
        * options.pages()
        * spec.layers().size();
  }

  private void tell(Gpu gpu, String why) {
    List<ModelSpec.LayerSpec> first = front.orElseThrow().spec().layers();
    LOG.log(
        System.Logger.Level.INFO,
        "the last {0} of {1} layers on {2}, the first {3} on the CPU: {4}",
        back.spec().layers().size(),
        back.spec().layers().size() + first.size(),
        gpu.traits().name(),
        first.size(),
        why);
  }
}
