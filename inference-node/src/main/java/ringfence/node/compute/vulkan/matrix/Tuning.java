package ringfence.node.compute.vulkan.matrix;

import ringfence.node.compute.vulkan.device.GpuTraits;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Sizes per kind of device, and where one kernel takes over from another. Measured on an H100 with
/// `node bench --kernels` where it says so; elsewhere careful guesses.
public final class Tuning {
  private static final int NVIDIA = 0x10DE;
  private static final int UNKNOWN_PROCESSORS = 32;

  private final boolean nvidia;
  private final int processors;

  Tuning(GpuTraits traits) {
    nvidia = traits.vendorId() == NVIDIA;
    processors = traits.multiprocessors().orElse(UNKNOWN_PROCESSORS);
  }

  int processors() {
    return processors;
  }

  /// The most tokens for which a mat-vec beats fragments.
  int mostMatVecTokens() {
    return 2;
  }

  MatVecShape matVec(WeightFormat format, int rows, int columns, int tokens, int matrices) {
    // Registers: floats take 4 to 8 times those of codes.
    int ahead = format.quantised() ? 4 : 2;
    int columnTiles = Math.ceilDiv(columns, 64);
    int kGroups = 8;
    while (kGroups > 1 && (kGroups / 2) * ahead >= columnTiles) {
      kGroups /= 2;
    }
    return new MatVecShape(kGroups, matrices, ahead, nvidia ? 4 : 8);
  }

  FragmentShape fragments(int rows, int tokens, int matrices) {
    FragmentShape shape =
        tokens <= 8
            ? new FragmentShape(1, 2, 4, 2, 8, 0)
            : tokens <= 16
                ? new FragmentShape(1, 4, 2, 2, 16, 0)
                : tokens <= 32
                    ? new FragmentShape(1, 8, 2, 2, 32, 0)
                    : tokens <= 96
                        ? new FragmentShape(1, 8, 1, 4, 64, 0)
                        : new FragmentShape(2, 8, 1, 2, 128, 0);
    return matrices == 2 ? shape.paired() : shape;
  }

  /// One order of summation for all numbers of tokens: two k groups, no parts.
  FragmentShape invariant(int tokens, int matrices) {
    FragmentShape shape =
        new FragmentShape(1, 4, 2, 2, tokens <= 16 ? 16 : tokens <= 32 ? 32 : 64, 1);
    return matrices == 2 ? shape.paired() : shape;
  }

  /// Parts of the columns, so that there is a workgroup or two for each multiprocessor and no part
  /// is too short to be worth its own start.
  int splits(int groups, int turns, int ahead) {
    int wanted = Math.ceilDiv(2 * processors, groups) - (groups >= processors ? 1 : 0);
    return Math.clamp(Math.min(wanted, turns / Math.max(4, ahead)), 1, 8);
  }
}
