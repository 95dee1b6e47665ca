package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.Tensor;

/// A weight matrix `[rows, columns]` in the mapped file, and how to read it.
record Matrix(Format format, MemorySegment data, int rows, int columns, long rowBytes) {

  static Matrix of(Tensor tensor) {
    return new Matrix(
        Format.of(tensor.type()),
        tensor.data(),
        Math.toIntExact(tensor.rows()),
        Math.toIntExact(tensor.columns()),
        tensor.rowBytes());
  }

  /// Writes one row to `out[at...]`.
  void unpack(int row, float[] out, int at) {
    format.unpack(data, row * rowBytes, columns, out, at);
  }
}
