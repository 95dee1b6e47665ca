package ringfence.node.compute.cpu;

import java.lang.foreign.Arena;
import java.util.List;
import ringfence.node.model.Weights;

/// A layer's matrices, ready to multiply.
record LayerMatrices(
    Matrix query,
    Matrix key,
    Matrix value,
    Matrix attentionOutput,
    Matrix gate,
    Matrix up,
    Matrix down) {

  static LayerMatrices of(Weights.Layer layer, Arena arena, Workers workers) {
    return new LayerMatrices(
        Matrix.of(layer.query(), arena, workers),
        Matrix.of(layer.key(), arena, workers),
        Matrix.of(layer.value(), arena, workers),
        Matrix.of(layer.attentionOutput(), arena, workers),
        Matrix.of(layer.gate(), arena, workers),
        Matrix.of(layer.up(), arena, workers),
        Matrix.of(layer.down(), arena, workers));
  }

  /// The matrices that the normed residual stream is multiplied with.
  List<Matrix> readNormed() {
    return List.of(query, key, value, gate, up);
  }
}
