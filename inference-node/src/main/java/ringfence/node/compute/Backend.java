package ringfence.node.compute;

/// Runs one forward pass over a batch; free to fuse as it likes. Holds the KV pages. Not
/// thread-safe: the engine's one thread calls it.
///
/// A row's result depends on its own sequence's tokens alone, bit for bit, neither on its
/// neighbours in the batch nor on how a prompt was cut into runs, where [#deterministic] says so.
public interface Backend extends AutoCloseable {

  /// Computes the batch and writes its keys and values into its pages.
  ///
  /// @param logits receives `batch.outputs()` rows of `[vocabulary]`, in the order of the runs
  /// @throws IllegalArgumentException when the batch has more than [#maxBatchTokens] tokens or
  ///   names a page that does not exist
  void forward(Batch batch, Logits logits);

  /// Copies the first `tokens` positions of one KV page to another, so that two sequences can go on
  /// from a shared beginning.
  void copyPage(int from, int to, int tokens);

  /// KV pages, numbered from 0.
  int pages();

  /// Positions that a page holds.
  int pageTokens();

  /// Tokens that one batch may have.
  int maxBatchTokens();

  /// Which arithmetic this is, e.g. `cpu-f32-v1`: equal names give equal bits from equal files, on
  /// any machine.
  String numerics();

  /// See above.
  boolean deterministic();

  /// The hardware, for people.
  String device();

  @Override
  void close();
}
