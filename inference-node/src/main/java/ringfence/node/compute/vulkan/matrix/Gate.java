package ringfence.node.compute.vulkan.matrix;

/// What joins the two halves of a feed-forward layer: `activation(gate) * up`.
public enum Gate {
  NONE(0),
  SILU(1),
  /// With the tanh approximation.
  GELU(2);

  private final int code;

  Gate(int code) {
    this.code = code;
  }

  /// Its number in the kernels.
  int code() {
    return code;
  }
}
