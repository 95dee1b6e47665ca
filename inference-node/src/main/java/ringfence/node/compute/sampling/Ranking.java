package ringfence.node.compute.sampling;

import java.util.Arrays;

/// Tokens by falling logit, equal ones by rising id; sorted no further than somebody looks.
final class Ranking {
  private static final int FIRST = 64;
  private static final int GROWTH = 4;

  private static final int SAMPLES = 1024;

  /// Of the samples these many are at or before the pivot: about so much of the whole is, too.
  private static final int PIVOT_RANK = 16;

  private final long[] keys;
  private final long[] samples = new long[SAMPLES];
  private final int size;

  // The best `front` keys stand before all others, the first `sorted` of them in order.
  private int front;
  private int sorted;

  Ranking(int size) {
    this.keys = new long[size];
    this.size = size;
  }

  /// Starts over with these logits, all finite. One pass sets the few apart that somebody may look
  /// at.
  void reset(float[] logits) {
    long pivot = pivot(logits);
    int low = 0;
    int high = size;
    for (int token = 0; token < size; token++) {
      long key = key(logits[token], token);
      if (key <= pivot) {
        keys[low++] = key;
      } else {
        keys[--high] = key;
      }
    }
    front = low;
    sorted = 0;
  }

  private long pivot(float[] logits) {
    int stride = size / SAMPLES;
    if (stride < 2) {
      return Long.MAX_VALUE;
    }
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = key(logits[i * stride], i * stride);
    }
    Arrays.sort(samples);
    return samples[PIVOT_RANK];
  }

  /// Rises with falling logit, then with rising id.
  private static long key(float logit, int token) {
    // Adding 0 makes -0 and 0 the equals that they are.
    int bits = Float.floatToRawIntBits(logit + 0f);
    int rising = bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    return ((long) ~rising << 32) | token;
  }

  /// The token at a rank, 0 being the best.
  int token(int rank) {
    if (rank >= sorted) {
      sortTo((int) Math.min(size, Math.max(FIRST, (long) GROWTH * rank)));
    }
    return (int) keys[rank];
  }

  private void sortTo(int count) {
    if (count > front) {
      front = size;
    }
    select(count);
    Arrays.sort(keys, sorted, count);
    sorted = count;
  }

  /// Hoare's selection: brings the best `count` to the front, in any order.
  private void select(int count) {
    int low = sorted;
    int high = front - 1;
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
