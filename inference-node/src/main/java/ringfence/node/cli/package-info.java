/// The node's command line.
@NullMarked
package ringfence.node.cli;

import org.jspecify.annotations.NullMarked;
