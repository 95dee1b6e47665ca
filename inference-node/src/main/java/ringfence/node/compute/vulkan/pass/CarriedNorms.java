package ringfence.node.compute.vulkan.pass;

import ringfence.node.compute.vulkan.matrix.CarriedNorm;

/// The norms of one step that its products carry: each is left behind by one product and taken by
/// those after it, on the other side of the state than the one before.
final class CarriedNorms {
  private final long state;
  private final float epsilon;
  private int passed;
  private int parts;

  /// @param state of [CarriedNorm#STATE_BYTES]
  /// @param epsilon of all norms
  CarriedNorms(long state, float epsilon) {
    this.state = state;
    this.epsilon = epsilon;
  }

  /// Whether no norm has been passed yet: the first one is a phase of its own.
  boolean atFirst() {
    return passed == 0;
  }

  /// Says that a phase of its own has left the sums of this norm's squares.
  void began() {
    parts = 1;
  }

  /// For a product that takes this norm.
  ///
  /// @param first of those that take it
  CarriedNorm taken(boolean first) {
    return CarriedNorm.taken(state, passed % 2, parts, epsilon, first);
  }

  /// Says that all that take this norm are recorded.
  void pass() {
    passed++;
  }

  /// For the product that leaves the next norm behind.
  ///
  /// @param sums of squares of each token that this product leaves
  /// @param weights of the norm
  /// @param halves where its input goes
  CarriedNorm left(int sums, long weights, long halves) {
    parts = sums;
    return CarriedNorm.left(state, passed % 2, weights, halves);
  }
}
