/// Devices, memory, recorded commands, timestamps. Knows nothing of models.
@NullMarked
package ringfence.node.compute.vulkan.device;

import org.jspecify.annotations.NullMarked;
