package ringfence.node.compute.vulkan.pass;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Ints in a row that grows; cleared, it keeps its room.
final class IntRow {
  private int[] numbers = new int[64];
  private int size;

  void clear() {
    size = 0;
  }

  void add(int number) {
    if (size == numbers.length) {
      numbers = Arrays.copyOf(numbers, 2 * size);
    }
    numbers[size++] = number;
  }

  int get(int index) {
    return numbers[index];
  }

  int size() {
    return size;
  }

  /// Writes all, and `filler` up to `count`.
  void write(MemorySegment to, long at, int count, int filler) {
    MemorySegment.copy(numbers, 0, to, ValueLayout.JAVA_INT, at, size);
    for (int i = size; i < count; i++) {
      to.set(ValueLayout.JAVA_INT, at + (long) i * Integer.BYTES, filler);
    }
  }
}
