package ringfence.node.compute;

/// What a backend is opened with.
///
/// @param pages KV pages to have
/// @param pageTokens positions in each
/// @param maxBatchTokens tokens that one batch may have
/// @param threads workers, the calling thread included
/// @param deterministic [Backend#deterministic] must be true, whatever it costs
/// @param device name or number of the device to use, where there are several; empty: the best
public record BackendOptions(
    int pages,
    int pageTokens,
    int maxBatchTokens,
    int threads,
    boolean deterministic,
    String device) {

  /// On the best device, as fast as it goes.
  public BackendOptions(int pages, int pageTokens, int maxBatchTokens, int threads) {
    this(pages, pageTokens, maxBatchTokens, threads, false, "");
  }

  /// The same with another number of pages.
  public BackendOptions withPages(int count) {
    return new BackendOptions(count, pageTokens, maxBatchTokens, threads, deterministic, device);
  }
}
