/// Models by name: find, pull, verify.
@NullMarked
package ringfence.node.catalogue;

import org.jspecify.annotations.NullMarked;
