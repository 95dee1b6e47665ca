package ringfence.node.compute.vulkan.pass;

import java.util.function.BooleanSupplier;
import ringfence.node.compute.Batch;
import ringfence.node.compute.FirstLayers;
import ringfence.node.compute.vulkan.device.Gpu;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.device.MemoryUse;
import ringfence.node.compute.vulkan.device.Recording;

/// The layers that stay on the processor, and the way of what they leave to the device: through
/// host memory, once a step.
final class Front implements AutoCloseable {
  private final FirstLayers layers;
  private final GpuBuffer hidden;
  private final long stride;

  /// @param rows of the residual stream on the device
  /// @param stride numbers of one of them, padding included
  Front(Gpu gpu, FirstLayers layers, int rows, int stride) {
    this.layers = layers;
    this.stride = (long) stride * Float.BYTES;
    this.hidden = gpu.allocate(rows * this.stride, MemoryUse.UPLOAD);
    // Rows of nobody and padding must be numbers.
    hidden.mapped().fill((byte) 0);
  }

  /// Computes these layers and leaves the result where [#record] takes it from. The device must be
  /// at rest.
  ///
  /// @return false when it was given up
  boolean run(Batch batch, BooleanSupplier unwanted) {
    if (!layers.run(batch, unwanted)) {
      return false;
    }
    for (int token = 0; token < batch.tokens(); token++) {
      layers.hidden(token, hidden.mapped(), token * stride);
    }
    return true;
  }

  /// Brings the step's rows to the residual stream.
  void record(Recording to, GpuBuffer stream, int tokens) {
    to.copy(hidden, 0, stream, 0, tokens * stride).fullBarrier();
  }

  void copyPage(int from, int to, int tokens) {
    layers.copyPage(from, to, tokens);
  }

  String numerics() {
    return layers.numerics();
  }

  @Override
  public void close() {
    try (layers) {
      hidden.close();
    }
  }
}
