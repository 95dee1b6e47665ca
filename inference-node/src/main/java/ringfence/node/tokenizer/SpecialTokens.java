package ringfence.node.tokenizer;

import java.util.Arrays;

/// Finds the spellings of tokens that are cut out of a text before anything else: of those that
/// begin at a place, the longest.
///
/// A trie over bytes: looking at one place takes as many steps as the longest spelling has bytes,
/// at most.
final class SpecialTokens {

  private static final int ROOT = 0;

  private final boolean[] begins = new boolean[256];
  private final long[] edges;
  private final int[] targets;
  private final boolean[] control;
  private int[] tokens = new int[64];
  private int nodes = 1;

  /// @param ids of the tokens
  /// @param spellings of the tokens at the same places, in UTF-8
  /// @param control by token id: only trusted text may spell it
  SpecialTokens(int[] ids, byte[][] spellings, boolean[] control) {
    this.control = control;
    int bytes = 0;
    for (byte[] spelling : spellings) {
      bytes = Math.addExact(bytes, spelling.length);
    }
    edges = new long[Integer.highestOneBit(Math.max(8, bytes + (bytes >> 1))) << 1];
    targets = new int[edges.length];
    Arrays.fill(edges, -1);
    Arrays.fill(tokens, -1);
    for (int i = 0; i < ids.length; i++) {
      add(spellings[i], ids[i]);
    }
  }

  private void add(byte[] spelling, int id) {
    if (spelling.length == 0) {
      return;
    }
    begins[spelling[0] & 0xff] = true;
    int node = ROOT;
    for (byte b : spelling) {
      int slot = slot(node, b);
      if (edges[slot] < 0) {
        edges[slot] = edge(node, b);
        targets[slot] = nodes++;
        if (nodes > tokens.length) {
          tokens = Arrays.copyOf(tokens, nodes * 2);
          Arrays.fill(tokens, nodes - 1, tokens.length, -1);
        }
      }
      node = targets[slot];
    }
    if (tokens[node] < 0) {
      tokens[node] = id;
    }
  }

  /// The token with the longest spelling that begins at `at`.
  ///
  /// @param trusted where text ends that may spell control tokens; at most `at` where it may not
  /// @return `end << 32 | token`, or -1
  long find(byte[] text, int at, int to, int trusted) {
    if (!begins[text[at] & 0xff]) {
      return -1;
    }
    long found = -1;
    int node = ROOT;
    for (int i = at; i < to; i++) {
      int slot = slot(node, text[i]);
      if (edges[slot] < 0) {
        break;
      }
      node = targets[slot];
      int token = tokens[node];
      if (token >= 0 && (i < trusted || !control[token])) {
        found = ((long) (i + 1) << 32) | token;
      }
    }
    return found;
  }

  private static long edge(int node, byte b) {
    return ((long) node << 8) | (b & 0xff);
  }

  private int slot(int node, byte b) {
    long edge = edge(node, b);
    int mask = edges.length - 1;
    int slot = (int) ((edge * 0x9e3779b97f4a7c15L) >>> 34) & mask;
    while (edges[slot] != edge && edges[slot] >= 0) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }
}
