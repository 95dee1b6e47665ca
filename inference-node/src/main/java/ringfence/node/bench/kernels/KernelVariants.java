package ringfence.node.bench.kernels;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.FragmentShape;
import ringfence.node.compute.vulkan.matrix.MatVecShape;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.weights.WeightLayout;

/// The variants that are worth timing for a number of tokens.
final class KernelVariants {
  private static final int[][] ONE_TOKEN = {
    {8, 1, 4},
    {8, 1, 2},
    {8, 2, 2},
    {4, 1, 4},
    {4, 2, 2},
    {4, 1, 2},
    {16, 1, 2},
    {16, 1, 1},
    {8, 2, 1}
  };
  private static final int[][] FEW_TOKENS = {{8, 1, 4}, {8, 1, 2}, {4, 1, 4}, {8, 2, 2}};
  private static final int[][] AT_8 = {
    {1, 2, 4, 2}, {1, 2, 4, 4}, {1, 4, 2, 2}, {1, 1, 8, 2}, {1, 1, 8, 4}, {1, 1, 4, 4}, {2, 1, 4, 4}
  };
  private static final int[][] AT_16 = {
    {1, 4, 2, 2}, {1, 4, 2, 4}, {1, 2, 4, 2}, {1, 2, 4, 4}, {2, 2, 2, 2}
  };
  private static final int[][] AT_32 = {
    {1, 8, 2, 2}, {1, 4, 2, 2}, {1, 4, 2, 4}, {2, 4, 2, 2}, {2, 2, 2, 2}, {1, 4, 1, 2}
  };
  private static final int[][] AT_64 = {
    {1, 8, 1, 4}, {1, 8, 1, 2}, {2, 4, 1, 2}, {1, 8, 2, 2}, {2, 4, 2, 2}, {1, 4, 2, 2}
  };
  private static final int[][] AT_128 = {{2, 8, 1, 2}, {1, 8, 1, 2}, {2, 4, 1, 2}, {2, 4, 2, 2}};

  private KernelVariants() {}

  static List<Choice> of(WeightLayout layout, int tokens, Matrices matrices) {
    List<Choice> all = new ArrayList<>();
    if (tokens <= Choice.MatVec.MOST_TOKENS) {
      for (int[] sizes : tokens == 1 ? ONE_TOKEN : FEW_TOKENS) {
        for (int groups : new int[] {2, 4, 8}) {
          all.add(
              new Choice.MatVec(
                  new MatVecShape(sizes[0], sizes[1], sizes[2], groups),
                  layout.format().quantised()));
        }
      }
    }
    if (tokens <= 8) {
      fragments(AT_8, 8, matrices, all);
    } else if (tokens <= 16) {
      fragments(AT_16, 16, matrices, all);
    } else if (tokens <= 32) {
      fragments(AT_32, 32, matrices, all);
    } else {
      fragments(AT_64, 64, matrices, all);
      if (tokens > 64) {
        fragments(AT_128, 128, matrices, all);
      }
    }
    if (all.isEmpty()) {
      all.add(new Choice.Tiled());
    }
    return all;
  }

  private static void fragments(int[][] sizes, int tokens, Matrices matrices, List<Choice> all) {
    for (int[] size : sizes) {
      for (int splits : new int[] {0, 1, 2, 4}) {
        FragmentShape shape = new FragmentShape(size[0], size[1], size[2], size[3], tokens, splits);
        if (matrices.hasFragments(shape)) {
          all.add(new Choice.Fragments(shape));
        }
      }
    }
  }
}
