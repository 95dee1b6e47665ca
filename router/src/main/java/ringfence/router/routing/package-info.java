/// Where an attempt runs: values in, a [ringfence.router.routing.Placement] with its reasons out.
/// Pure: no clock, no input or output, no framework, no wire type.
/// [ringfence.router.routing.Placer] lists the chain in one place.
@NullMarked
package ringfence.router.routing;

import org.jspecify.annotations.NullMarked;
