/// Reads GGUF model files: header, metadata, tensors. Whoever passes an `Arena` in owns the mapped
/// memory and closes it; nothing here outlives that arena.
@NullMarked
package ringfence.node.gguf;

import org.jspecify.annotations.NullMarked;
