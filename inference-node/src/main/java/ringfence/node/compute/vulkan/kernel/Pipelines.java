package ringfence.node.compute.vulkan.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuException;
import ringfence.node.compute.vulkan.device.GpuException.Reason;
import ringfence.node.compute.vulkan.device.Pipeline;

/// A device's pipelines, built when they are first wanted. Safe for several threads; closing the
/// device closes them.
public final class Pipelines {
  private final Gpu gpu;
  private final Map<KernelModule, ByteBuffer> modules = new HashMap<>();
  private final Map<KernelVariant, Pipeline> built = new HashMap<>();

  private long nanos;

  public Pipelines(Gpu gpu) {
    this.gpu = gpu;
  }

  public Gpu gpu() {
    return gpu;
  }

  /// The variant's pipeline.
  ///
  /// @throws GpuException `UNSUPPORTED` when the device lacks what it needs
  public synchronized Pipeline get(KernelVariant variant) {
    Pipeline known = built.get(variant);
    if (known != null) {
      return known;
    }
    Optional<String> missing = variant.missing(gpu.traits());
    if (missing.isPresent()) {
      throw new GpuException(
          Reason.UNSUPPORTED,
          gpu.traits().name() + " can't run " + variant.name() + ": " + missing.get());
    }
    long start = System.nanoTime();
    ByteBuffer module = modules.computeIfAbsent(variant.module(), Pipelines::load);
    int[] constants = variant.constants().stream().mapToInt(Integer::intValue).toArray();
    int subgroupSize =
        variant.subgroupSize() == gpu.traits().subgroupSize()
                && !gpu.traits().has(ringfence.node.compute.vulkan.device.Feature.SUBGROUP_SIZE)
            ? 0
            : variant.subgroupSize();
    Pipeline pipeline = gpu.pipeline(module, constants, subgroupSize, variant.name());
    built.put(variant, pipeline);
    nanos += System.nanoTime() - start;
    return pipeline;
  }

  /// Pipelines that were built so far.
  public synchronized int count() {
    return built.size();
  }

  /// The time that building them took, in nanoseconds.
  public synchronized long nanos() {
    return nanos;
  }

  static ByteBuffer load(KernelModule module) {
    try (InputStream in = Pipelines.class.getResourceAsStream(module.resource())) {
      if (in == null) {
        throw new IllegalStateException(
            module.file() + " was not compiled: it is missing in Kernels.all()");
      }
      byte[] bytes = in.readAllBytes();
      return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
