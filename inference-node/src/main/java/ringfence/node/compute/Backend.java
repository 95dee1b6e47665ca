package ringfence.node.compute;

import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Runs one forward pass over a batch; free to fuse as it likes. Holds the KV pages. Not
/// thread-safe: the engine's one thread calls it.
///
/// The engine asks with [Outputs], for each output either for its logits or for tokens drawn from
/// it. A backend that computes logits in the host's memory implements [#forward(Batch, Logits,
/// BooleanSupplier)] and is done: [Outputs#drawOnHost] draws. One whose logits lie on a device says
/// [#drawsOnDevice], overrides [#forward(Batch, Outputs, BooleanSupplier)], draws as
/// [ringfence.node.compute.sampling.Draw] says, and brings back tokens, and the logits of those
/// rows alone that nothing is drawn from.
///
/// A row's result depends on its own sequence's tokens alone, bit for bit, neither on its
/// neighbours in the batch nor on how a prompt was cut into runs, where [#deterministic] says so.
public interface Backend extends AutoCloseable {

  /// Computes the batch and writes its keys and values into its pages.
  ///
  /// @param logits receives `batch.outputs()` rows of `[vocabulary]`, in the order of the runs
  /// @throws IllegalArgumentException when the batch has more than [#maxBatchTokens] tokens or
  ///   names a page that does not exist
  /// @throws BackendFailure when the device failed, and the batch can be computed again
  default void forward(Batch batch, Logits logits) {
    forward(batch, logits, () -> false);
  }

  /// As above, but given up as soon as nobody wants it any more. What the pass wrote for the
  /// batch's own positions is then undefined; earlier positions are as they were.
  ///
  /// @param unwanted asked between layers, on the calling thread
  /// @return false when it was given up; `logits` are then undefined
  boolean forward(Batch batch, Logits logits, BooleanSupplier unwanted);

  /// As above, with a result for each draw that is wanted.
  ///
  /// @return false when it was given up; `outputs` are then undefined
  default boolean forward(Batch batch, Outputs outputs, BooleanSupplier unwanted) {
    if (!forward(batch, outputs.logits(), unwanted)) {
      return false;
    }
    outputs.drawOnHost();
    return true;
  }

  /// True when tokens are drawn where the logits are computed, so that logits which nobody asked
  /// for don't travel.
  default boolean drawsOnDevice() {
    return false;
  }

  /// Where the time of its passes goes; empty when it can't tell.
  default Optional<Profiler> profiler() {
    return Optional.empty();
  }

  /// Waits until all weights are where they belong, and tells where the time of loading went; empty
  /// when there is nothing to tell. Passes may come before: each waits for the layers that it
  /// needs.
  ///
  /// @throws BackendFailure when the weights did not get there
  default List<LoadPart> loaded() {
    return List.of();
  }

  /// After [BackendFailure.Kind#LOST]: makes it work again. All pages' contents are gone, and
  /// [#pages] may be less than before; all else stays.
  ///
  /// @throws BackendFailure `LOST` when that failed; it may be tried again
  default void restart() {
    throw new UnsupportedOperationException(device() + " is never lost");
  }

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
