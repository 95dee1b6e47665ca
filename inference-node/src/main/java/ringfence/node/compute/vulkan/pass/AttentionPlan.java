package ringfence.node.compute.vulkan.pass;

import ringfence.node.model.ModelSpec;

/// How attention is cut into workgroups.
///
/// @param kvHeads workgroups of an item or a tile
/// @param tileTokens tokens that a tile has at most
/// @param itemStep positions that a workgroup of the kernel for single tokens takes at a time; an
///   item's range starts at a multiple of it
/// @param groups workgroups for single tokens that run at once; ranges of positions are cut until
///   there are so many
/// @param smallGroups the same of the smaller workgroups that are taken where there are more single
///   tokens than that
/// @param tilesOnly single tokens go the way of the tiles too, so that a row's bits depend on its
///   sequence alone
record AttentionPlan(
    int kvHeads, int tileTokens, int itemStep, int groups, int smallGroups, boolean tilesOnly) {

  /// Parts that one token's positions are cut into at most: the workgroup that ends last joins them
  /// alone.
  static final int MOST_PARTS = 64;

  /// Steps that one workgroup takes sooner than two take theirs and join them.
  private static final int FEW_STEPS = 4;

  /// Parts that a step may have in all, over the tokens that are cut.
  int partsLimit() {
    return 2 * Math.ceilDiv(Math.max(groups, smallGroups), kvHeads) + MOST_PARTS;
  }

  /// How long an item is at most, so that the longest is as short as it can be while all run at
  /// once, or, where there are more single tokens than that, in as few rounds as these take.
  ///
  /// @param lengths positions that each single token sees, at least one
  int itemPositions(IntRow lengths) {
    int most = 0;
    for (int i = 0; i < lengths.size(); i++) {
      most = Math.max(most, lengths.get(i));
    }
    if (most <= FEW_STEPS * itemStep) {
      return FEW_STEPS * itemStep;
    }
    int atOnce = Math.max(1, (isMany(lengths.size()) ? smallGroups : groups) / kvHeads);
    int items = Math.ceilDiv(lengths.size(), atOnce) * atOnce;
    int low = 1;
    int high = Math.ceilDiv(most, itemStep);
    while (low < high) {
      int middle = (low + high) / 2;
      if (fits(lengths, middle * itemStep, items)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return high * itemStep;
  }

  /// Whether so many items, perhaps rounded up as shapes are, are more than run at once.
  boolean isMany(int items) {
    return items > StepShape.rounded(Math.max(1, groups / kvHeads));
  }

  private boolean fits(IntRow lengths, int each, int items) {
    int all = 0;
    int cut = 0;
    for (int i = 0; i < lengths.size(); i++) {
      int parts = parts(lengths.get(i), each);
      all += parts;
      cut += parts == 1 ? 0 : parts;
    }
    return all <= items && cut <= partsLimit();
  }

  /// Parts of a token that sees so many positions, where an item has `each` at most: fewer where
  /// there would be more than [#MOST_PARTS].
  int parts(int positions, int each) {
    return Math.min(MOST_PARTS, Math.ceilDiv(positions, each));
  }

  /// The first position that a token sees.
  static int seenFrom(int position, int window) {
    return window == 0 ? 0 : Math.max(0, position - window + 1);
  }

  /// Numbers that a part keeps of a query head: its sums in vectors of four, and a vector with
  /// their largest score and the sum of weights.
  static int partFloats(ModelSpec spec) {
    return (Math.ceilDiv(spec.headSize(), 4) + 1) * 4;
  }

  /// Query heads of a key/value head.
  static int group(ModelSpec spec) {
    return spec.heads() / spec.kvHeads();
  }
}
