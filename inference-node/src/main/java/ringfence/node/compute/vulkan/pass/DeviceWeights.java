package ringfence.node.compute.vulkan.pass;

import java.util.List;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.weights.GpuMatrix;

/// A model's numbers on the device. Vectors are floats, given by their addresses, 0 where the model
/// has none, and padded with zeros like the rows they belong to.
///
/// @param output the embedding itself where they are tied
/// @param buffers that hold it all
record DeviceWeights(
    GpuMatrix embedding,
    long outputNorm,
    GpuMatrix output,
    List<Layer> layers,
    List<GpuBuffer> buffers)
    implements AutoCloseable {

  @Override
  public void close() {
    buffers.forEach(GpuBuffer::close);
  }

  /// One layer.
  ///
  /// @param headNorms a query head's norm and right after it a key head's
  record Layer(
      long attentionNorm,
      GpuMatrix query,
      GpuMatrix key,
      GpuMatrix value,
      GpuMatrix attentionOutput,
      long queryBias,
      long keyBias,
      long valueBias,
      long headNorms,
      long postAttentionNorm,
      long feedForwardNorm,
      GpuMatrix gate,
      GpuMatrix up,
      GpuMatrix down,
      long postFeedForwardNorm) {}
}
