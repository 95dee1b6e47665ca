/// The one thread that owns the sequences and steps them in batches.
@NullMarked
package ringfence.node.engine;

import org.jspecify.annotations.NullMarked;
