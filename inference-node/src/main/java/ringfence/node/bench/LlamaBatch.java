package ringfence.node.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/// A `llama_batch` in native memory.
@SuppressWarnings("restricted") // native calls are what this class is for; the launcher allows them
final class LlamaBatch {
  private static final long TOKEN = 8;
  private static final long POSITION = 24;
  private static final long SEQUENCE_COUNT = 32;
  private static final long SEQUENCE = 40;
  private static final long LOGITS = 48;

  private final MemorySegment struct;
  private final int capacity;
  private int count;

  LlamaBatch(MemorySegment struct, int capacity) {
    this.struct = struct;
    this.capacity = capacity;
  }

  MemorySegment struct() {
    return struct;
  }

  void clear() {
    count = 0;
    struct.set(JAVA_INT, 0, 0);
  }

  /// @throws IndexOutOfBoundsException when the batch is full
  void add(int token, int position, int sequence, boolean logits) {
    array(TOKEN, Integer.BYTES).setAtIndex(JAVA_INT, count, token);
    array(POSITION, Integer.BYTES).setAtIndex(JAVA_INT, count, position);
    array(SEQUENCE_COUNT, Integer.BYTES).setAtIndex(JAVA_INT, count, 1);
    array(SEQUENCE, ADDRESS.byteSize())
        .getAtIndex(ADDRESS, count)
        .reinterpret(Integer.BYTES)
        .set(JAVA_INT, 0, sequence);
    array(LOGITS, 1).set(JAVA_BYTE, count, (byte) (logits ? 1 : 0));
    count++;
    struct.set(JAVA_INT, 0, count);
  }

  private MemorySegment array(long field, long elementBytes) {
    return struct.get(ADDRESS, field).reinterpret(capacity * elementBytes);
  }
}
