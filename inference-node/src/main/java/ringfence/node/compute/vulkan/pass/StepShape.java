package ringfence.node.compute.vulkan.pass;

/// What a recorded step depends on, each number rounded up so that few shapes recur. Whatever a
/// shape has more than a step needs is marked as nobody's.
///
/// @param tokens rows of activations
/// @param items ranges of single tokens' positions, for each window that the model has
/// @param tiles of consecutive tokens
/// @param outputs rows that the head takes at the end
/// @param tableSize page ids of all runs
record StepShape(int tokens, int items, int tiles, int outputs, int tableSize) {
  private static final int EXACT = 8;
  private static final int LEAST_TABLE = 64;

  /// The shape of a step that needs this much.
  static StepShape of(int tokens, int items, int tiles, int outputs, int tableSize) {
    return new StepShape(
        rounded(tokens),
        rounded(items),
        rounded(tiles),
        rounded(outputs),
        Math.max(LEAST_TABLE, Integer.highestOneBit(Math.max(1, tableSize) * 2 - 1)));
  }

  /// Rounded up by at most an eighth.
  static int rounded(int count) {
    if (count <= EXACT) {
      return count;
    }
    int step = Math.max(2, Integer.highestOneBit(count - 1) / EXACT);
    return Math.ceilDiv(count, step) * step;
  }
}
