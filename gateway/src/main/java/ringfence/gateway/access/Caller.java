package ringfence.gateway.access;

import ringfence.proto.v1.Zone;

/// Whoever asks.
///
/// @param tenant empty in a keyless setup
/// @param ceiling the farthest zone that the key allows
public record Caller(String tenant, Zone ceiling) {}
