package ringfence.node.compute.vulkan.pass;

import java.util.List;

/// Where each part of a step's data stands in its buffer; all offsets are bytes, multiples of 16.
/// The shape alone decides.
final class StepLayout {
  static final int ITEM_INTS = 8;
  static final int TILE_INTS = 4;

  /// In place of a token, a slot or an output that the shape has and the step has not.
  static final int NOBODY = -1;

  final StepShape shape;
  final long ids;
  final long slots;
  final long outputs;
  final long tiles;
  final long table;
  final long size;
  private final long[] items;
  private final long[] turns;

  /// @param windows different windows among the layers
  StepLayout(StepShape shape, int windows, List<Turns> turns) {
    this.shape = shape;
    long at = 0;
    ids = at;
    at = after(at, shape.tokens());
    slots = at;
    at = after(at, shape.tokens());
    outputs = at;
    at = after(at, shape.outputs());
    tiles = at;
    at = after(at, (long) shape.tiles() * TILE_INTS);
    items = new long[windows];
    for (int i = 0; i < windows; i++) {
      items[i] = at;
      at = after(at, (long) shape.items() * ITEM_INTS);
    }
    this.turns = new long[turns.size()];
    for (int i = 0; i < turns.size(); i++) {
      this.turns[i] = at;
      at = after(at, 2L * shape.tokens() * turns.get(i).pairs());
    }
    table = at;
    size = after(at, shape.tableSize());
  }

  long items(int window) {
    return items[window];
  }

  long turns(int rope) {
    return turns[rope];
  }

  private static long after(long at, long numbers) {
    return (at + numbers * Integer.BYTES + 15) & -16;
  }
}
