/// Where this program keeps what it can fetch or compute again.
@NullMarked
package ringfence.node.cache;

import org.jspecify.annotations.NullMarked;
