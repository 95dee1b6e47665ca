/// Compute shaders by name: which source with which macros and constants, what each needs of a
/// device, and the pipelines built of them.
@NullMarked
package ringfence.node.compute.vulkan.kernel;

import org.jspecify.annotations.NullMarked;
