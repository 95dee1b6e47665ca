package ringfence.node.compute.vulkan.pass;

import ringfence.node.compute.vulkan.matrix.Numbers;

/// How the activations of a step come from one product to the next.
///
/// @param numbers that products take
/// @param productsNorm whether a product norms its input itself
/// @param packs whether a product leaves its results packed for the next one
/// @param carries whether products carry the norms, see
///   [ringfence.node.compute.vulkan.matrix.CarriedNorm]
record NormPath(Numbers numbers, boolean productsNorm, boolean packs, boolean carries) {
  boolean halves() {
    return numbers == Numbers.F16;
  }
}
