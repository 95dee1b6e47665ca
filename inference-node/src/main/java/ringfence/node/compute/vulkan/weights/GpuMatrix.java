package ringfence.node.compute.vulkan.weights;

import ringfence.node.compute.vulkan.device.GpuBuffer;

/// A weight matrix on the device: its planes, one after another, somewhere in a buffer.
///
/// @param offset where it begins, a multiple of [#ALIGNMENT]
public record GpuMatrix(WeightLayout layout, GpuBuffer buffer, long offset) {
  public static final int ALIGNMENT = 256;

  public GpuMatrix {
    if (offset % ALIGNMENT != 0 || offset < 0 || offset + layout.bytes() > buffer.size()) {
      throw new IllegalArgumentException(
          layout + " at " + offset + " in a buffer of " + buffer.size() + " bytes");
    }
  }

  /// Bytes that a matrix takes of a buffer, so that another can follow it.
  public static long bytes(WeightLayout layout) {
    return (layout.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  public WeightFormat format() {
    return layout.format();
  }

  public int rows() {
    return layout.rows();
  }

  public int columns() {
    return layout.columns();
  }

  /// Where kernels find it.
  public long address() {
    return buffer.address() + offset;
  }
}
