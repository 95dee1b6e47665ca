package ringfence.node.compute.cpu;

import java.util.Arrays;
import ringfence.node.compute.Batch;

/// A batch laid out for the phases: its tokens in one row, and its attention cut into tiles of a
/// few consecutive tokens of one run.
final class Plan {
  /// Tokens of a tile: they share what is read of keys and values.
  static final int TILE_TOKENS = 8;

  final int tokens;
  final int outputs;
  final int tiles;

  /// For each token: its id, its position, its run's pages.
  final int[] ids;

  final int[] positions;
  final int[][] pages;

  /// For each tile: its first token; its tokens end where the next tile starts.
  final int[] tileStarts;

  /// For each output: its token.
  final int[] outputTokens;

  Plan(Batch batch) {
    tokens = batch.tokens();
    outputs = batch.outputs();
    ids = new int[tokens];
    positions = new int[tokens];
    pages = new int[tokens][];
    outputTokens = new int[outputs];
    int[] starts = new int[tokens + 1];
    int token = 0;
    int output = 0;
    int tile = 0;
    for (Batch.Run run : batch.runs()) {
      int length = run.tokens().length;
      for (int i = 0; i < length; i++) {
        if (i % TILE_TOKENS == 0) {
          starts[tile++] = token;
        }
        ids[token] = run.tokens()[i];
        positions[token] = run.position() + i;
        pages[token] = run.pages();
        if (i >= length - run.outputs()) {
          outputTokens[output++] = token;
        }
        token++;
      }
    }
    tiles = tile;
    starts[tile] = tokens;
    tileStarts = Arrays.copyOf(starts, tile + 1);
  }
}
