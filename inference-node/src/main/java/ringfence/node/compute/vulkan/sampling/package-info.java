/// Tokens drawn on the device from rows of logits that lie there, as
/// [ringfence.node.compute.sampling.Draw] says.
@NullMarked
package ringfence.node.compute.vulkan.sampling;

import org.jspecify.annotations.NullMarked;
