package ringfence.node.engine;

import java.util.Arrays;

/// Tokens by falling logit, equal ones by rising id; sorted no further than somebody looks.
final class Ranking {
  private static final int FIRST = 64;
  private static final int GROWTH = 4;

  private final long[] keys;
  private final int size;
  private int sorted;

  Ranking(int size) {
    this.keys = new long[size];
    this.size = size;
  }

  /// Starts over with these logits, all finite.
  void reset(float[] logits) {
    for (int token = 0; token < size; token++) {
      // Adding 0 makes -0 and 0 the equals that they are.
      int bits = Float.floatToRawIntBits(logits[token] + 0f);
      int rising = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
      keys[token] = ((long) ~rising << 32) | token;
    }
    sorted = 0;
  }

  /// The token at a rank, 0 being the best.
  int token(int rank) {
    if (rank >= sorted) {
      sortTo((int) Math.min(size, Math.max(FIRST, (long) GROWTH * rank)));
    }
    return (int) keys[rank];
  }

  private void sortTo(int count) {
    select(count);
    Arrays.sort(keys, sorted, count);
    sorted = count;
  }

  /// Hoare's selection: brings the best `count` to the front, in any order.
  private void select(int count) {
    int low = sorted;
    int high = size - 1;
    while (low < high) {
      long pivot = middle(keys[low], keys[(low + high) >>> 1], keys[high]);
      int left = low;
      int right = high;
      while (left <= right) {
        while (keys[left] < pivot) {
          left++;
        }
        while (keys[right] > pivot) {
          right--;
        }
        if (left <= right) {
          long key = keys[left];
          keys[left++] = keys[right];
          keys[right--] = key;
        }
      }
      if (count - 1 <= right) {
        high = right;
      } else if (count - 1 >= left) {
        low = left;
      } else {
        return;
      }
    }
  }

  private static long middle(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
