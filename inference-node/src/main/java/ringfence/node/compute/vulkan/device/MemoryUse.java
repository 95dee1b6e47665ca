package ringfence.node.compute.vulkan.device;

/// What a buffer is for, which decides where it lies.
public enum MemoryUse {
  /// The device alone reads and writes it.
  DEVICE,
  /// The host writes it, copies read it. Reading it on the host is slow.
  UPLOAD,
  /// The device writes it, the host reads it.
  READBACK,
  /// Small and written by the host, read by kernels where it lies: in the device's own memory where
  /// the host reaches that.
  SHARED;

  /// True when [GpuBuffer#mapped] works.
  public boolean isMapped() {
    return this != DEVICE;
  }
}
