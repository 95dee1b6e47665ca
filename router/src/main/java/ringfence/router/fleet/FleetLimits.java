package ringfence.router.fleet;

/// How large a fleet may be, and for how long it is patient with nodes.
///
/// @param maxNodes more are refused
/// @param silenceLimitNanos a node is silent when it was not heard of for longer
/// @param awaitLostNanos for how long a node that has gone is expected to come back; 0: not at all
/// @param awaitFirstNanos for how long after the router's start nodes that are there may not have
///   reported yet; 0: not at all
public record FleetLimits(
    int maxNodes, long silenceLimitNanos, long awaitLostNanos, long awaitFirstNanos) {}
