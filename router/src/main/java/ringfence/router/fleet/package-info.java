/// What we know of nodes and when we last heard it. [ringfence.router.fleet.Fleet] is the one
/// mutable thing here; it publishes immutable views for placement.
@NullMarked
package ringfence.router.fleet;

import org.jspecify.annotations.NullMarked;
