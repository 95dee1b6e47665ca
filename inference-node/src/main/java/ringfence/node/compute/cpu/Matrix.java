package ringfence.node.compute.cpu;

import java.lang.foreign.SegmentAllocator;
import java.util.Optional;
import ringfence.node.gguf.Tensor;

/// A weight matrix `[rows, columns]`, ready to be multiplied.
sealed interface Matrix permits FileRows, Tiles {

  /// The fastest form of a tensor.
  ///
  /// @param memory for weights that are laid out anew
  static Matrix of(Tensor tensor, SegmentAllocator memory, Workers workers) {
    Optional<Tiles> tiles =
        StoredCodes.has(tensor.type()) ? Tiles.of(tensor, memory, workers) : Optional.empty();
    return tiles.isPresent() ? tiles.get() : FileRows.of(tensor);
  }

  int rows();

  int columns();

  /// `out[outAt + token * outStride + row - from] = matrix[row] . x[token]` for rows `from` to `to
  /// - 1`.
  ///
  /// @param from a multiple of [Lanes#TILE]; `to` is one too, or the number of rows
  void multiply(
      int from,
      int to,
      Activations x,
      int tokens,
      float[] out,
      int outAt,
      int outStride,
      Scratch scratch);
}
