package ringfence.node.compute.vulkan.pass;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import ringfence.node.compute.Batch;

/// A batch cut into the attention's tiles and items, and written where the device reads it. Kept
/// and filled anew for each step, so that a step makes no garbage.
final class StepPlan {
  private final AttentionPlan attention;
  private final int pageTokens;
  private final int[] windows;
  private final List<Turns> turns;

  private final IntRow ids = new IntRow();
  private final IntRow slots = new IntRow();
  private final IntRow positions = new IntRow();
  private final IntRow outputs = new IntRow();
  private final IntRow tiles = new IntRow();
  private final IntRow table = new IntRow();
  private final IntRow lengths = new IntRow();
  private final IntRow[] items;

  /// @param windows the different windows of the layers
  /// @param turns of the different ropes of the layers
  StepPlan(AttentionPlan attention, int pageTokens, int[] windows, List<Turns> turns) {
    this.attention = attention;
    this.pageTokens = pageTokens;
    this.windows = windows;
    this.turns = turns;
    this.items = new IntRow[windows.length];
    Arrays.setAll(items, i -> new IntRow());
  }

  /// Takes a checked batch.
  StepShape plan(Batch batch) {
    clear();
    for (Batch.Run run : batch.runs()) {
      int length = run.tokens().length;
      int end = run.position() + length;
      int firstToken = ids.size();
      int firstPage = table.size();
      for (int page = 0; page <= (end - 1) / pageTokens; page++) {
        table.add(run.pages()[page]);
      }
      boolean single = isSingle(run);
      for (int i = 0; i < length; i++) {
        int position = run.position() + i;
        ids.add(run.tokens()[i]);
        positions.add(position);
        slots.add(
            single
                ? StepLayout.NOBODY
                : run.pages()[position / pageTokens] * pageTokens + position % pageTokens);
        if (i >= length - run.outputs()) {
          outputs.add(firstToken + i);
        }
      }
      if (!single) {
        addTiles(run, firstToken, firstPage);
      }
    }
    for (int window = 0; window < windows.length; window++) {
      addItems(batch, window);
    }
    int mostItems = 0;
    for (IntRow row : items) {
      mostItems = Math.max(mostItems, row.size() / StepLayout.ITEM_INTS);
    }
    return StepShape.of(
        ids.size(), mostItems, tiles.size() / StepLayout.TILE_INTS, outputs.size(), table.size());
  }

  private void clear() {
    ids.clear();
    slots.clear();
    positions.clear();
    outputs.clear();
    tiles.clear();
    table.clear();
    for (IntRow row : items) {
      row.clear();
    }
  }

  private boolean isSingle(Batch.Run run) {
    return run.tokens().length == 1 && !attention.tilesOnly();
  }

  private void addTiles(Batch.Run run, int firstToken, int firstPage) {
    int length = run.tokens().length;
    for (int i = 0; i < length; i += attention.tileTokens()) {
      tiles.add(firstToken + i);
      tiles.add(Math.min(attention.tileTokens(), length - i));
      tiles.add(run.position() + i);
      tiles.add(firstPage);
    }
  }

  /// Cuts what the single tokens see into items of about the same length.
  private void addItems(Batch batch, int window) {
    lengths.clear();
    for (Batch.Run run : batch.runs()) {
      if (isSingle(run)) {
        lengths.add(end(run) - base(run, windows[window]));
      }
    }
    if (lengths.size() == 0) {
      return;
    }
    int each = attention.itemPositions(lengths);
    int token = 0;
    int firstPage = 0;
    int part = 0;
    for (Batch.Run run : batch.runs()) {
      if (isSingle(run)) {
        part += addItems(items[window], run, windows[window], token, each, firstPage, part);
      }
      token += run.tokens().length;
      firstPage += (end(run) - 1) / pageTokens + 1;
    }
  }

  private static int end(Batch.Run run) {
    return run.position() + run.tokens().length;
  }

  /// Where a single token's first item starts.
  private int base(Batch.Run run, int window) {
    int step = attention.itemStep();
    return AttentionPlan.seenFrom(run.position(), window) / step * step;
  }

  /// @return parts that the token takes of the buffer of parts
  private int addItems(
      IntRow row, Batch.Run run, int window, int token, int each, int firstPage, int firstPart) {
    int base = base(run, window);
    int positions = end(run) - base;
    // All about as long as the longest: none ends much before the others.
    int length = roundedUp(Math.ceilDiv(positions, attention.parts(positions, each)));
    int parts = Math.ceilDiv(positions, length);
    for (int i = 0; i < parts; i++) {
      row.add(token);
      row.add(firstPage);
      row.add(Math.max(AttentionPlan.seenFrom(run.position(), window), base + i * length));
      row.add(Math.min(end(run), base + (i + 1) * length));
      row.add(run.position());
      row.add(firstPart);
      row.add(i);
      row.add(parts);
    }
    return parts == 1 ? 0 : parts;
  }

  private int roundedUp(int positions) {
    return Math.ceilDiv(positions, attention.itemStep()) * attention.itemStep();
  }

  /// Positions whose keys and values the batch reads, for each window: those that a run sees, once.
  long[] seen(Batch batch) {
    long[] seen = new long[windows.length];
    for (int window = 0; window < windows.length; window++) {
      for (Batch.Run run : batch.runs()) {
        seen[window] +=
            run.position()
                + run.tokens().length
                - AttentionPlan.seenFrom(run.position(), windows[window]);
      }
    }
    return seen;
  }

  /// Tokens of the batch.
  int tokens() {
    return ids.size();
  }

  /// Rows of logits of the batch.
  int outputs() {
    return outputs.size();
  }

  /// Writes all for the device.
  void write(StepLayout layout, MemorySegment to) {
    StepShape shape = layout.shape;
    ids.write(to, layout.ids, shape.tokens(), 0);
    slots.write(to, layout.slots, shape.tokens(), StepLayout.NOBODY);
    outputs.write(to, layout.outputs, shape.outputs(), StepLayout.NOBODY);
    tiles.write(to, layout.tiles, shape.tiles() * StepLayout.TILE_INTS, 0);
    for (int i = 0; i < items.length; i++) {
      items[i].write(to, layout.items(i), shape.items() * StepLayout.ITEM_INTS, StepLayout.NOBODY);
    }
    table.write(to, layout.table, shape.tableSize(), 0);
    for (int rope = 0; rope < turns.size(); rope++) {
      Turns each = turns.get(rope);
      int numbers = 2 * each.pairs();
      long at = layout.turns(rope);
      for (int token = 0; token < positions.size(); token++) {
        int position = positions.get(token);
        MemorySegment.copy(
            each.block(position), each.offset(position), to, ValueLayout.JAVA_FLOAT, at, numbers);
        at += (long) numbers * Float.BYTES;
      }
    }
  }
}
