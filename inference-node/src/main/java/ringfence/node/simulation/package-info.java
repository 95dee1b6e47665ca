/// A model that is only simulated: timing as asked for, tokens from a hash.
@NullMarked
package ringfence.node.simulation;

import org.jspecify.annotations.NullMarked;
