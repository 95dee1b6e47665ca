package ringfence.node.tokenizer;

import java.util.Arrays;

/// Which pairs of tokens merge, how early, and into what.
///
/// Open addressing on the pair of ids, 16 bytes a place. Immutable once built.
final class MergeTable {

  /// The merge of pairs that don't: later than any other.
  static final long NONE = Long.MAX_VALUE;

  private long[] pairs;
  private long[] merges;
  private int size;

  /// @param count of pairs that are expected
  MergeTable(int count) {
    pairs = new long[capacity(count)];
    merges = new long[pairs.length];
    Arrays.fill(pairs, -1);
  }

  private static int capacity(int count) {
    return Integer.highestOneBit(Math.max(8, count + (count >> 2))) << 1;
  }

  /// The first merge of a pair counts.
  ///
  /// @param rank the lower, the earlier; not negative
  void put(int left, int right, int rank, int result) {
    if (capacity(size) > pairs.length) {
      grow();
    }
    long pair = ((long) left << 32) | right;
    int slot = slot(pair);
    if (pairs[slot] < 0) {
      pairs[slot] = pair;
      merges[slot] = ((long) rank << 32) | result;
      size++;
    }
  }

  private void grow() {
    long[] oldPairs = pairs;
    long[] oldMerges = merges;
    pairs = new long[oldPairs.length * 2];
    merges = new long[oldPairs.length * 2];
    Arrays.fill(pairs, -1);
    for (int i = 0; i < oldPairs.length; i++) {
      if (oldPairs[i] >= 0) {
        int slot = slot(oldPairs[i]);
        pairs[slot] = oldPairs[i];
        merges[slot] = oldMerges[i];
      }
    }
  }

  /// The merge of a pair, or [#NONE]; merges that compare as less come first.
  long find(int left, int right) {
    long pair = ((long) left << 32) | right;
    int slot = slot(pair);
    return pairs[slot] < 0 ? NONE : merges[slot];
  }

  /// When a merge is made.
  static int rank(long merge) {
    return (int) (merge >>> 32);
  }

  /// The token that a merge makes.
  static int result(long merge) {
    return (int) merge;
  }

  private int slot(long pair) {
    long hash = pair * 0x9e3779b97f4a7c15L;
    int mask = pairs.length - 1;
    int slot = (int) (hash >>> 34) & mask;
    while (pairs[slot] != pair && pairs[slot] >= 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
