/// One forward pass over a batch of sequences. `reference` is the oracle, `cpu` the fast one.
@NullMarked
package ringfence.node.compute;

import org.jspecify.annotations.NullMarked;
