package ringfence.node.compute.vulkan.matrix;

import ringfence.node.compute.vulkan.device.GpuTraits;

/// Sizes per kind of device, and where one kernel takes over from another. Measured on an H100 with
/// `node kernels` (bench/vulkan.md).
public final class Tuning {
  private static final int NVIDIA = 0x10DE;
  private static final int UNKNOWN_PROCESSORS = 32;
  private static final int SUBGROUPS_A_PROCESSOR = 16;

  /// As many as `fragment.comp` adds up.
  static final int MOST_SPLITS = 8;

  private static final int LEAST_TURNS = 8;

  /// Rows below which a matrix gives a large device too few workgroups.
  private static final int NARROW = 16_384;

  private final boolean nvidia;
  private final int processors;
  private final int mostKGroups;

  Tuning(GpuTraits traits) {
    nvidia = traits.vendorId() == NVIDIA;
    processors = traits.multiprocessors().orElse(UNKNOWN_PROCESSORS);
    mostKGroups = Math.max(1, Integer.highestOneBit(traits.limits().maxInvocations() / 32));
  }

  int processors() {
    return processors;
  }

  /// The most tokens for which a mat-vec beats fragments.
  int mostMatVecTokens() {
    return 1;
  }

  /// @param matrices 2 when gated
  /// @param packs whether the results are packed
  MatVecShape matVec(int columns, int matrices, boolean packs) {
    int columnTiles = Math.ceilDiv(columns, 64);
    int kGroups = Math.min(mostKGroups, matrices == 2 ? 8 : 16);
    while (kGroups > 1 && (kGroups / 2) * 2 >= columnTiles) {
      kGroups /= 2;
    }
    if (!nvidia) {
      return new MatVecShape(kGroups, matrices, 2, 8);
    }
    return matrices == 2
        ? new MatVecShape(kGroups, 2, 2, 3)
        : packs ? new MatVecShape(kGroups, 2, 2, 1) : new MatVecShape(kGroups, 1, 2, 2);
  }

  /// @param matrices 2 when gated
  FragmentShape fragments(int rows, int tokens, int matrices) {
    if (matrices == 2) {
      return gated(rows, tokens);
    }
    boolean narrow = rows < NARROW;
    if (tokens <= 8) {
      return narrow ? new FragmentShape(1, 1, 8, 2, 8, 0) : new FragmentShape(1, 2, 4, 4, 8, 0);
    }
    if (tokens <= 16) {
      return narrow ? new FragmentShape(1, 2, 4, 2, 16, 0) : new FragmentShape(1, 4, 2, 2, 16, 0);
    }
    if (tokens <= 32) {
      return new FragmentShape(1, 4, 2, 2, 32, 0);
    }
    if (tokens <= 96) {
      return new FragmentShape(1, 8, narrow ? 2 : 1, 2, 64, 0);
    }
    return new FragmentShape(2, 8, 1, 2, 128, 0);
  }

  /// The gate's and the other matrix's tiles in turn. Their many accumulators leave a
  /// multiprocessor room for one workgroup, so that the rows are best cut into a whole number of
  /// workgroups for each.
  private FragmentShape gated(int rows, int tokens) {
    if (tokens <= 8) {
      return new FragmentShape(2, rowGroups(rows, 3, 2, 4), 4, 2, 8, 0);
    }
    if (tokens <= 96) {
      int wide = tokens <= 16 ? 16 : tokens <= 32 ? 32 : 64;
      return new FragmentShape(2, rowGroups(rows, 6, 4, 5), 2, 2, wide, 0);
    }
    return new FragmentShape(2, 8, 1, 2, 128, 0);
  }

  /// The choice with which the last round of workgroups leaves the fewest multiprocessors idle.
  private int rowGroups(int rows, int... choices) {
    int best = choices[0];
    for (int choice : choices) {
      if (filled(rows, choice) > filled(rows, best)) {
        best = choice;
      }
    }
    return best;
  }

  private double filled(int rows, int rowGroups) {
    int groups = Math.ceilDiv(rows, 16 * rowGroups);
    return groups / ((double) Math.ceilDiv(groups, processors) * processors);
  }

  /// One order of summation for all numbers of tokens: two k groups, no parts.
  FragmentShape invariant(int tokens, int matrices) {
    FragmentShape shape =
        new FragmentShape(1, 4, 2, 2, tokens <= 16 ? 16 : tokens <= 32 ? 32 : 64, 1);
    return matrices == 2 ? shape.paired() : shape;
  }

  /// Parts of the columns, a power of two, so that the multiprocessors have enough subgroups to
  /// hide their memory behind, and no part is too short to be worth its own start.
  int splits(int groups, int turns, FragmentShape shape) {
    int subgroups = shape.threads() / 32;
    int wanted = Math.max(1, processors * SUBGROUPS_A_PROCESSOR / (groups * subgroups));
    int most = Math.max(1, Math.min(MOST_SPLITS, turns / LEAST_TURNS));
    return Integer.highestOneBit(Math.min(wanted, most));
  }
}
