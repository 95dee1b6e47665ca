package ringfence.node.compute.vulkan.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Little-endian numbers at any address of a mapped file or of staging memory.
final class Bytes {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Bytes() {}

  static long longAt(MemorySegment data, long at) {
    return data.get(LONG, at);
  }

  static int intAt(MemorySegment data, long at) {
    return data.get(INT, at);
  }

  /// A float16's bits, unsigned.
  static int halfAt(MemorySegment data, long at) {
    return data.get(SHORT, at) & 0xFFFF;
  }

  static int byteAt(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  static void putLong(MemorySegment out, long at, long value) {
    out.set(LONG, at, value);
  }

  static void putInt(MemorySegment out, long at, int value) {
    out.set(INT, at, value);
  }

  static void putHalf(MemorySegment out, long at, int value) {
    out.set(SHORT, at, (short) value);
  }
}
