/// The node as a service: gRPC in, reports out, drain, health, metrics.
@NullMarked
package ringfence.node.serving;

import org.jspecify.annotations.NullMarked;
