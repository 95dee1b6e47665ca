/// The inference node. Dependencies point inward: `serving -> engine -> model, tokenizer, compute
/// -> gguf`.
@NullMarked
package ringfence.node;

import org.jspecify.annotations.NullMarked;
