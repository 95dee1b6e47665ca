package ringfence.node.compute.vulkan.matrix;

/// How activations are stored.
public enum Numbers {
  F32(4),
  F16(2);

  private final int bytes;

  Numbers(int bytes) {
    this.bytes = bytes;
  }

  /// Bytes of one.
  public int bytes() {
    return bytes;
  }
}
