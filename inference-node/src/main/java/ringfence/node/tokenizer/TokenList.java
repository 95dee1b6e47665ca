package ringfence.node.tokenizer;

import java.util.Arrays;

/// Token ids in the making.
final class TokenList {

  private int[] ids;
  private int size;

  TokenList(int capacity) {
    ids = new int[Math.max(16, capacity)];
  }

  void add(int id) {
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(size + 16, size + (size >> 1)));
    }
    ids[size++] = id;
  }

  int size() {
    return size;
  }

  int last() {
    return ids[size - 1];
  }

  int[] toArray() {
    return Arrays.copyOf(ids, size);
  }
}
