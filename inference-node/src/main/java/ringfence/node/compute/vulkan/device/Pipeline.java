package ringfence.node.compute.vulkan.device;

import static org.lwjgl.vulkan.VK13.*;

/// A compute kernel ready to run.
public final class Pipeline extends Gpu.Child implements AutoCloseable {
  private final Gpu gpu;
  private final long handle;
  private final String name;

  Pipeline(Gpu gpu, long handle, String name) {
    this.gpu = gpu;
    this.handle = handle;
    this.name = name;
  }

  public String name() {
    return name;
  }

  long handle() {
    return handle;
  }

  @Override
  public void close() {
    gpu.release(this);
  }

  @Override
  void destroy() {
    vkDestroyPipeline(gpu.device(), handle, null);
  }
}
