/// The forward pass on a Vulkan device: the KV pages, attention, pointwise kernels, and a step as a
/// recorded list of dispatches that is replayed for every step of the same shape.
@NullMarked
package ringfence.node.compute.vulkan.pass;

import org.jspecify.annotations.NullMarked;
