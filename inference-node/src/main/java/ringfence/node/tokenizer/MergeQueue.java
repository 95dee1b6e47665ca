package ringfence.node.tokenizer;

import java.util.Arrays;

/// Merges that may be made, best first: a binary heap of `order << 32 | position`.
///
/// Of equal order the leftmost comes first, as in Hugging Face's and llama.cpp's tokenizers.
final class MergeQueue {

  private long[] heap = new long[64];
  private int size;

  void clear() {
    size = 0;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /// @param order lower comes first; not negative
  static long entry(int order, int position) {
    return ((long) order << 32) | position;
  }

  static int order(long entry) {
    return (int) (entry >>> 32);
  }

  static int position(long entry) {
    return (int) entry;
  }

  void add(long entry) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, Math.addExact(size, size >> 1));
    }
    int at = size++;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (heap[parent] <= entry) {
        break;
      }
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  long poll() {
    long first = heap[0];
    long entry = heap[--size];
    int at = 0;
    for (int child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (heap[child] >= entry) {
        break;
      }
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
    return first;
  }
}
