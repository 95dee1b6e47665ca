package ringfence.node.tokenizer;

import java.util.Arrays;

/// Byte strings by index, in one array, and their indices by content.
///
/// Open addressing over the pool: 1.5 KB for each hundred strings beside their bytes. Immutable
/// once built.
final class ByteStrings {

  private byte[] pool;
  private final int[] starts;
  private final int[] slots;
  private int size;
  private int longest;

  ByteStrings(int count) {
    pool = new byte[Math.max(16, count * 7)];
    starts = new int[count + 1];
    slots = new int[Integer.highestOneBit(Math.max(8, count * 3 / 2)) << 1];
    Arrays.fill(slots, -1);
  }

  /// Appends a string, which gets the next index.
  void add(byte[] string) {
    int start = starts[size];
    if (start + string.length > pool.length) {
      pool = Arrays.copyOf(pool, Math.addExact(start + string.length, start >> 2));
    }
    System.arraycopy(string, 0, pool, start, string.length);
    starts[++size] = start + string.length;
  }

  /// Lets [#find] find the string at an index. Of equal ones the first that this is said of is
  /// found.
  void index(int index) {
    int slot = slot(pool, starts[index], starts[index + 1]);
    if (slots[slot] < 0) {
      slots[slot] = index;
      longest = Math.max(longest, starts[index + 1] - starts[index]);
    }
  }

  /// Frees what growing left over.
  void trim() {
    pool = Arrays.copyOf(pool, starts[size]);
  }

  /// The index of a string, or -1.
  int find(byte[] bytes, int from, int to) {
    return to - from > longest ? -1 : slots[slot(bytes, from, to)];
  }

  /// The index of the string that a part of one makes, or -1.
  ///
  /// @param from from the string's start
  int findPart(int index, int from, int to) {
    return find(pool, starts[index] + from, starts[index] + to);
  }

  /// One byte of a string.
  byte at(int index, int offset) {
    return pool[starts[index] + offset];
  }

  int length(int index) {
    return starts[index + 1] - starts[index];
  }

  byte[] get(int index) {
    return Arrays.copyOfRange(pool, starts[index], starts[index + 1]);
  }

  private int slot(byte[] bytes, int from, int to) {
    int hash = to - from;
    for (int i = from; i < to; i++) {
      hash = (hash * 0x01000193) ^ bytes[i];
    }
    hash *= 0x9e3779b1;
    int mask = slots.length - 1;
    int slot = (hash ^ (hash >>> 15)) & mask;
    while (slots[slot] >= 0) {
      int start = starts[slots[slot]];
      int end = starts[slots[slot] + 1];
      if (Arrays.equals(pool, start, end, bytes, from, to)) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
