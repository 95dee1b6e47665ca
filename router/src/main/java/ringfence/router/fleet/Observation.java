package ringfence.router.fleet;

/// What an attempt has met on a model of a node.
///
/// @param batch sequences that ran there meanwhile, as reported
/// @param prefillTokens that the node had to compute before the first token, what waited before
///   them included; 0: not observed
/// @param prefillSeconds from the attempt's beginning to the first token
/// @param decodeTokens of one choice after its first; 0: not observed
/// @param decodeSeconds that they took
record Observation(
    int batch, long prefillTokens, double prefillSeconds, int decodeTokens, double decodeSeconds) {}
