/// One class per rule of what a target must be able to do.
@NullMarked
package ringfence.router.routing.filter;

import org.jspecify.annotations.NullMarked;
