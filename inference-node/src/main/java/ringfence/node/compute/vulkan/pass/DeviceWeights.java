package ringfence.node.compute.vulkan.pass;

import java.util.List;
import ringfence.node.compute.vulkan.device.GpuBuffer;
import ringfence.node.compute.vulkan.weights.GpuMatrix;
import ringfence.node.compute.vulkan.weights.MatrixUpload;

/// A model's numbers on the device. Vectors are floats, given by their addresses, 0 where the model
/// has none, and padded with zeros like the rows they belong to.
///
/// @param output the embedding itself where they are tied
/// @param buffers that hold it all
/// @param upload brings the matrices, perhaps still
/// @param needs how many of its matrices the embedding needs, and with it the first 1, 2, ...
///   layers
record DeviceWeights(
    GpuMatrix embedding,
    long outputNorm,
    GpuMatrix output,
    List<Layer> layers,
    List<GpuBuffer> buffers,
    MatrixUpload upload,
    List<Integer> needs)
    implements AutoCloseable {

  /// Waits until what is submitted from now on finds the embedding and the first `layers`.
  void awaitLayers(int layers) {
    upload.awaitSent(needs.get(layers));
  }

  /// Waits until what is submitted from now on finds everything.
  void awaitAll() {
    upload.awaitSent(upload.matrices());
  }

  @Override
  public void close() {
    upload.close();
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
