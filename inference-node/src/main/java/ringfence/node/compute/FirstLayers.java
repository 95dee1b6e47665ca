package ringfence.node.compute;

import java.lang.foreign.MemorySegment;
import java.util.function.BooleanSupplier;
import ringfence.node.model.Model;

/// The beginning of a model, embedding and first layers, for a backend that computes the rest
/// elsewhere. Holds its own layers' keys and values, in pages of the same numbers.
///
/// As with [Backend]: one thread, a checked batch, and a token's row depends on its own sequence
/// alone.
public interface FirstLayers extends AutoCloseable {

  /// Computes the batch as far as these layers go.
  ///
  /// @param unwanted asked between layers
  /// @return false when it was given up
  boolean run(Batch batch, BooleanSupplier unwanted);

  /// Copies a token of the last batch, as it leaves the last of these layers: floats, not yet
  /// normed.
  void hidden(int token, MemorySegment to, long offset);

  /// As [Backend#copyPage].
  void copyPage(int from, int to, int tokens);

  /// As [Backend#numerics].
  String numerics();

  @Override
  void close();

  /// Opens the beginning of a model.
  @FunctionalInterface
  interface Opener {
    /// Opens all layers of a model, whose head is not computed.
    FirstLayers open(Model front, BackendOptions options);
  }
}
