/// Measures prefill and decoding speed of a backend, side by side with llama.cpp where its library
/// is at hand. Whoever opens a contestant closes it.
@NullMarked
package ringfence.node.bench;

import org.jspecify.annotations.NullMarked;
