/// HTTP in: routes, request bodies, server-sent events with back-pressure, health and metrics.
///
/// Each request lives on its connection's event loop: HTTP handlers and the router's events both
/// run there, so an exchange needs no lock.
@NullMarked
package ringfence.gateway.serving;

import org.jspecify.annotations.NullMarked;
