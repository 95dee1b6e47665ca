package ringfence.node.compute;

/// What a backend is opened with.
///
/// @param pages KV pages to have
/// @param pageTokens positions in each
/// @param maxBatchTokens tokens that one batch may have
/// @param threads workers, the calling thread included
public record BackendOptions(int pages, int pageTokens, int maxBatchTokens, int threads) {}
