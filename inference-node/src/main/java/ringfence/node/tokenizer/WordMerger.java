package ringfence.node.tokenizer;

import java.util.Arrays;

/// Merges the tokens of one word after another: of all pairs of neighbours the one that ranks
/// first, of equal ones the leftmost, until none merges.
///
/// Of n tokens in O(n log n), whatever they are. Belongs to one thread.
final class WordMerger {

  /// No token: merges with nothing.
  static final int NO_TOKEN = Integer.MAX_VALUE;

  /// Up to here looking at all pairs for the best is quicker than keeping a queue.
  private static final int SHORT = 24;

  private final MergeTable table;
  private final MergeQueue queue = new MergeQueue();
  private int[] ids = new int[64];
  private long[] merges = new long[64];
  private int[] next = new int[0];
  private int[] previous = new int[0];
  private int length;

  WordMerger(MergeTable table) {
    this.table = table;
  }

  /// Forgets the last word.
  void clear() {
    length = 0;
  }

  /// The word's next token, or [#NO_TOKEN].
  void add(int token) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, Math.addExact(length, length >> 1));
      merges = new long[ids.length];
    }
    ids[length++] = token;
  }

  /// Merges what can be.
  ///
  /// @return number of tokens left
  int merge() {
    if (length > SHORT) {
      mergeQueued();
    } else {
      mergeShort();
    }
    return length;
  }

  /// A token of the merged word.
  int token(int index) {
    return ids[index];
  }

  private void mergeShort() {
    for (int i = 0; i + 1 < length; i++) {
      merges[i] = table.find(ids[i], ids[i + 1]);
    }
    while (length > 1) {
      int best = 0;
      for (int i = 1; i + 1 < length; i++) {
        best = MergeTable.rank(merges[i]) < MergeTable.rank(merges[best]) ? i : best;
      }
      if (merges[best] == MergeTable.NONE) {
        return;
      }
      ids[best] = MergeTable.result(merges[best]);
      int moved = length - best - 2;
      System.arraycopy(ids, best + 2, ids, best + 1, moved);
      System.arraycopy(merges, best + 2, merges, best + 1, moved);
      length--;
      if (best > 0) {
        merges[best - 1] = table.find(ids[best - 1], ids[best]);
      }
      if (best + 1 < length) {
        merges[best] = table.find(ids[best], ids[best + 1]);
      }
    }
  }

  private void mergeQueued() {
    queue.clear();
    if (next.length < length) {
      next = new int[ids.length];
      previous = new int[ids.length];
    }
    for (int i = 0; i < length; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (int i = 0; i < length; i++) {
      enqueue(i);
    }
    while (!queue.isEmpty()) {
      long entry = queue.poll();
      int at = MergeQueue.position(entry);
      if (MergeTable.rank(merges[at]) != MergeQueue.order(entry)) {
        continue; // a neighbour has merged since
      }
      int gone = next[at];
      ids[at] = MergeTable.result(merges[at]);
      merges[gone] = MergeTable.NONE;
      next[at] = next[gone];
      if (next[at] < length) {
        previous[next[at]] = at;
      }
      enqueue(at);
      if (previous[at] >= 0) {
        enqueue(previous[at]);
      }
    }
    int kept = 0;
    for (int i = 0; i < length; i = next[i]) {
      ids[kept++] = ids[i];
    }
    length = kept;
  }

  private void enqueue(int left) {
    int right = next[left];
    merges[left] = right < length ? table.find(ids[left], ids[right]) : MergeTable.NONE;
    if (merges[left] != MergeTable.NONE) {
      queue.add(MergeQueue.entry(MergeTable.rank(merges[left]), left));
    }
  }
}
