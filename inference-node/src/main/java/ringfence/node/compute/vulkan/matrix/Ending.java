package ringfence.node.compute.vulkan.matrix;

import java.util.List;

/// What a kernel does with its results, as constants 10 to 13 of `matrix.glsl`.
record Ending(Gate gate, boolean bias, boolean residual, boolean half) {

  static Ending of(Product product) {
    return new Ending(
        product.gate(),
        product.added().bias() != 0,
        product.added().residual() != 0,
        product.results().numbers() == Numbers.F16);
  }

  static Ending plain() {
    return new Ending(Gate.NONE, false, false, false);
  }

  /// Matrices multiplied with at once.
  int matrices() {
    return gate == Gate.NONE ? 1 : 2;
  }

  List<Integer> constants() {
    return List.of(gate.code(), bias ? 1 : 0, residual ? 1 : 0, half ? 1 : 0);
  }
}
