package ringfence.node.compute.cpu;

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

  static LayerMatrices of(Weights.Layer layer) {
    return new LayerMatrices(
        Matrix.of(layer.query()),
        Matrix.of(layer.key()),
        Matrix.of(layer.value()),
        Matrix.of(layer.attentionOutput()),
        Matrix.of(layer.gate()),
        Matrix.of(layer.up()),
        Matrix.of(layer.down()));
  }
}
