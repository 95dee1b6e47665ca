/// Compiles `src/main/glsl` when the project is built. Nothing here runs in a node.
@NullMarked
package ringfence.node.compute.vulkan.build;

import org.jspecify.annotations.NullMarked;
