/// The one way to the router: its channels and the calls on them. No other package opens a channel.
@NullMarked
package ringfence.gateway.routing;

import org.jspecify.annotations.NullMarked;
