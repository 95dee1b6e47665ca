package ringfence.node.compute.vulkan.pass;

import ringfence.node.model.ModelSpec;

/// How attention is cut into workgroups.
///
/// @param kvHeads workgroups of an item or a tile
/// @param tileTokens tokens that a tile has at most
/// @param itemStep positions that a workgroup of the kernel for single tokens takes at a time; an
///   item's range starts at a multiple of it
/// @param groups workgroups that fill the device; ranges of positions are cut until there are so
///   many
/// @param tilesOnly single tokens go the way of the tiles too, so that a row's bits depend on its
///   sequence alone
record AttentionPlan(int kvHeads, int tileTokens, int itemStep, int groups, boolean tilesOnly) {

  /// Parts that one token's positions are cut into at most: the workgroup that ends last joins them
  /// alone.
  static final int MOST_PARTS = 64;

  /// Steps that one workgroup takes sooner than two take theirs and join them.
  private static final int FEW_STEPS = 4;

  /// Parts that a step may have in all, over the tokens that are cut.
  int partsLimit() {
    return 2 * Math.ceilDiv(groups, kvHeads) + MOST_PARTS;
  }

  /// Positions of one item, given those that all single tokens of a step see together.
  ///
  /// @param most that one of them sees
  int itemPositions(long seen, int most) {
    if (most <= FEW_STEPS * itemStep) {
      return FEW_STEPS * itemStep;
    }
    int items = Math.max(1, groups / kvHeads);
    long each = Math.ceilDiv(seen, items);
    return (int)
        Math.min(Integer.MAX_VALUE / 2, Math.ceilDiv(Math.max(each, 1), itemStep) * itemStep);
  }

  /// The first position that a token sees.
  static int seenFrom(int position, int window) {
    return window == 0 ? 0 : Math.max(0, position - window + 1);
  }

  /// Query heads of a key/value head.
  static int group(ModelSpec spec) {
    return spec.heads() / spec.kvHeads();
  }
}
