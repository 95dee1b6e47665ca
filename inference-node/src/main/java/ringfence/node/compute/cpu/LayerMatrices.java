package ringfence.node.compute.cpu;

import java.lang.foreign.SegmentAllocator;
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

  static LayerMatrices of(Weights.Layer layer, SegmentAllocator memory, Workers workers) {
    return new LayerMatrices(
        Matrix.of(layer.query(), memory, workers),
        Matrix.of(layer.key(), memory, workers),
        Matrix.of(layer.value(), memory, workers),
        Matrix.of(layer.attentionOutput(), memory, workers),
        Matrix.of(layer.gate(), memory, workers),
        Matrix.of(layer.up(), memory, workers),
        Matrix.of(layer.down(), memory, workers));
  }

  /// The matrices that the normed residual stream is multiplied with.
  List<Matrix> readNormed() {
    return List.of(query, key, value, gate, up);
  }
}
