package ringfence.node.compute;

import ringfence.node.compute.cpu.CpuBackend;
import ringfence.node.compute.cpu.CpuLayers;
import ringfence.node.compute.reference.ReferenceBackend;
import ringfence.node.compute.vulkan.VulkanDevices;
import ringfence.node.compute.vulkan.pass.RestartingBackend;
import ringfence.node.compute.vulkan.pass.VulkanBackend;
import ringfence.node.model.Model;
import ringfence.node.model.ModelSpec;

/// Opens the backend that was asked for: the one place that knows them all.
public final class Backends {

  private Backends() {}

  /// Looked for once: opening Vulkan takes a while.
  private static final class Gpus {
    static final boolean THERE = VulkanDevices.haveGpu();
  }

  /// What `AUTO` stands for on this machine.
  public static BackendKind choose(BackendKind asked) {
    return switch (asked) {
      case AUTO -> Gpus.THERE ? BackendKind.VULKAN : BackendKind.CPU;
      case CPU, VULKAN, REFERENCE -> asked;
    };
  }

  /// Opens a backend of a kind that is not `AUTO`.
  ///
  /// @throws IllegalArgumentException when it has no keys and values of the type that was asked for
  public static Backend open(BackendKind kind, Model model, BackendOptions options) {
    if (choose(kind) != BackendKind.VULKAN && options.kvType() != KvType.F16) {
      throw new IllegalArgumentException(
          "kv-type "
              + options.kvType().label()
              + " is for a GPU; the backend "
              + choose(kind).label()
              + " has f16 alone");
    }
    return switch (kind) {
      case AUTO -> open(choose(kind), model, options);
      case CPU -> CpuBackend.open(model, options);
      case VULKAN ->
          RestartingBackend.open(o -> VulkanBackend.open(model, o, CpuLayers::open), options);
      case REFERENCE -> ReferenceBackend.open(model, options);
    };
  }

  /// Bytes that one position takes in the KV cache, over all layers.
  public static long kvBytesPerToken(BackendKind kind, ModelSpec spec, KvType type) {
    return switch (choose(kind)) {
      case AUTO, CPU -> 2L * spec.layers().size() * spec.kvWidth() * Short.BYTES;
      case VULKAN -> VulkanBackend.kvBytesPerToken(spec, type);
      case REFERENCE -> 2L * spec.layers().size() * spec.kvWidth() * Float.BYTES;
    };
  }
}
