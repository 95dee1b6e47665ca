package ringfence.node.bench;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import ringfence.node.gguf.TensorType;

/// Writes the part of a GGUF file (version 3) before the tensors' data.
final class GgufHeader {
  private static final int VERSION = 3;
  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ByteArrayOutputStream pairs = new ByteArrayOutputStream();
  private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
  private long pairCount;
  private long tensorCount;

  void count(String key, int value) {
    key(key, UINT32);
    int32(pairs, value);
  }

  void real(String key, float value) {
    key(key, FLOAT32);
    int32(pairs, Float.floatToRawIntBits(value));
  }

  void text(String key, String value) {
    key(key, STRING);
    string(pairs, value);
  }

  void texts(String key, List<String> values) {
    key(key, ARRAY);
    int32(pairs, STRING);
    int64(pairs, values.size());
    values.forEach(value -> string(pairs, value));
  }

  void integers(String key, int[] values) {
    key(key, ARRAY);
    int32(pairs, INT32);
    int64(pairs, values.length);
    for (int value : values) {
      int32(pairs, value);
    }
  }

  private void key(String key, int type) {
    string(pairs, key);
    int32(pairs, type);
    pairCount++;
  }

  /// @param rows 1 for a vector
  /// @param offset in the data, a multiple of the alignment
  void tensor(String name, TensorType type, long columns, long rows, long offset) {
    string(tensors, name);
    int32(tensors, rows == 1 ? 1 : 2);
    int64(tensors, columns);
    if (rows != 1) {
      int64(tensors, rows);
    }
    int32(tensors, type.id());
    int64(tensors, offset);
    tensorCount++;
  }

  /// All of it, filled up to the alignment.
  byte[] bytes(int alignment) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    int32(all, VERSION);
    int64(all, tensorCount);
    int64(all, pairCount);
    all.writeBytes(pairs.toByteArray());
    all.writeBytes(tensors.toByteArray());
    all.writeBytes(new byte[Math.floorMod(-all.size(), alignment)]);
    return all.toByteArray();
  }

  private static void string(ByteArrayOutputStream out, String value) {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    int64(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void int32(ByteArrayOutputStream out, int value) {
    out.writeBytes(
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private static void int64(ByteArrayOutputStream out, long value) {
    out.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
