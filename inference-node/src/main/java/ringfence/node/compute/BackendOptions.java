package ringfence.node.compute;

/// What a backend is opened with.
///
/// @param pages KV pages to have
/// @param pageTokens positions in each
/// @param maxBatchTokens tokens that one batch may have
/// @param threads workers, the calling thread included
/// @param deterministic [Backend#deterministic] must be true, whatever it costs
/// @param device name or number of the device to use, where there are several; empty: the best
/// @param gpuLayers how many of the model's layers, the last ones, a device takes; the others stay
///   on the processor. [#ALL_THAT_FIT] chooses by free memory
/// @param kvType how a device keeps keys and values; the processor always has float16
public record BackendOptions(
    int pages,
    int pageTokens,
    int maxBatchTokens,
    int threads,
    boolean deterministic,
    String device,
    int gpuLayers,
    KvType kvType) {
  /// For `gpuLayers`.
  public static final int ALL_THAT_FIT = -1;

  /// As many layers on the device as fit.
  public BackendOptions(
      int pages,
      int pageTokens,
      int maxBatchTokens,
      int threads,
      boolean deterministic,
      String device) {
    this(
        pages,
        pageTokens,
        maxBatchTokens,
        threads,
        deterministic,
        device,
        ALL_THAT_FIT,
        KvType.F16);
  }

  /// On the best device, as fast as it goes.
  public BackendOptions(int pages, int pageTokens, int maxBatchTokens, int threads) {
    this(pages, pageTokens, maxBatchTokens, threads, false, "");
  }

  /// The same with keys and values kept in another way.
  public BackendOptions withKvType(KvType type) {
    return new BackendOptions(
        pages, pageTokens, maxBatchTokens, threads, deterministic, device, gpuLayers, type);
  }

  /// The same with another number of pages.
  public BackendOptions withPages(int count) {
    return new BackendOptions(
        count, pageTokens, maxBatchTokens, threads, deterministic, device, gpuLayers, kvType);
  }
}
