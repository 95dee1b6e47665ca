/// The GPU: everything that speaks Vulkan. `device` reaches the hardware, `kernel` names the
/// compute shaders and builds pipelines of them, `build` compiles them when the project is built.
@NullMarked
package ringfence.node.compute.vulkan;

import org.jspecify.annotations.NullMarked;
