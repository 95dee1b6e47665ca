package ringfence.node.gguf;

import java.lang.foreign.MemorySegment;

/// A named matrix or vector in a mapped file.
///
/// @param columns numbers in a row, contiguous in memory (`ne[0]` of ggml)
/// @param rows the product of all other dimensions
/// @param data `type.bytes(rows * columns)` bytes, row after row
public record Tensor(String name, TensorType type, long columns, long rows, MemorySegment data) {

  /// Bytes from one row to the next.
  public long rowBytes() {
    return type.bytes(columns);
  }

  /// The bytes of one row.
  public MemorySegment row(long row) {
    return data.asSlice(row * rowBytes(), rowBytes());
  }
}
