package ringfence.node.bench.kernels;

import java.util.ArrayList;
import java.util.List;
import ringfence.node.bench.kernels.KernelCase.Extras;
import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.FragmentShape;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.MatVecShape;
import ringfence.node.compute.vulkan.matrix.Matrices;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// Which products are checked: every kernel with every format, at the awkward lengths.
public final class KernelCases {
  private static final int[] LENGTHS = {1, 7, 8, 13, 16, 33, 4097};
  private static final List<Extras> EXTRAS =
      List.of(
          Extras.NONE,
          new Extras(Gate.NONE, false, true, true, Numbers.F32),
          new Extras(Gate.SILU, false, false, false, Numbers.F16),
          new Extras(Gate.GELU, false, false, false, Numbers.F32),
          new Extras(Gate.NONE, false, true, false, Numbers.F16));
  private static final List<FragmentShape> FRAGMENTS =
      List.of(
          new FragmentShape(1, 2, 4, 2, 8, 1),
          new FragmentShape(1, 2, 4, 2, 8, 3),
          new FragmentShape(1, 4, 2, 2, 16, 1),
          new FragmentShape(1, 8, 2, 2, 32, 2),
          new FragmentShape(1, 8, 1, 4, 64, 1),
          new FragmentShape(2, 4, 1, 4, 64, 2),
          new FragmentShape(2, 8, 1, 2, 128, 1));

  private KernelCases() {}

  /// Those of one format that a device can compute.
  ///
  /// @param thorough all lengths of rows and columns, else a few
  public static List<KernelCase> of(WeightFormat format, Matrices matrices, boolean thorough) {
    return thorough
        ? of(format, matrices, true, LENGTHS)
        : of(format, matrices, false, new int[] {13, 300});
  }

  /// A few of one format.
  ///
  /// @param columns at least
  static List<KernelCase> few(WeightFormat format, Matrices matrices, int columns) {
    return of(format, matrices, false, new int[] {columns});
  }

  private static List<KernelCase> of(
      WeightFormat format, Matrices matrices, boolean thorough, int[] lengths) {
    List<KernelCase> cases = new ArrayList<>();
    int block = format.type().blockSize();
    for (int length : lengths) {
      int columns = Math.ceilDiv(length, block) * block;
      for (int rows : thorough ? LENGTHS : new int[] {33}) {
        if (length < 4097 || rows <= 33) {
          all(format, matrices, rows, columns, thorough, cases);
        }
      }
    }
    return cases;
  }

  private static void all(
      WeightFormat format,
      Matrices matrices,
      int rows,
      int columns,
      boolean thorough,
      List<KernelCase> cases) {
    for (int tokens : thorough ? new int[] {1, 2, 3, 4} : new int[] {1, 3}) {
      MatVecShape shape =
          tokens == 3 ? new MatVecShape(2, 2, 2, 1) : new MatVecShape(4, 1, tokens == 2 ? 1 : 4, 1);
      add(new Choice.MatVec(shape, false), format, rows, columns, tokens, true, cases);
      if (format.quantised()) {
        add(new Choice.MatVec(shape, true), format, rows, columns, tokens, true, cases);
      }
    }
    for (int tokens : thorough ? new int[] {1, 31, 33, 64} : new int[] {5, 33}) {
      add(new Choice.Tiled(), format, rows, columns, tokens, false, cases);
    }
    for (FragmentShape shape : FRAGMENTS) {
      if (matrices.hasFragments(shape)) {
        for (int tokens : new int[] {1, shape.tokens() - 3, shape.tokens() + 5}) {
          add(new Choice.Fragments(shape), format, rows, columns, tokens, false, cases);
        }
      }
    }
  }

  /// One case, whose extras take turns.
  private static void add(
      Choice choice,
      WeightFormat format,
      int rows,
      int columns,
      int tokens,
      boolean norms,
      List<KernelCase> cases) {
    Extras extras = EXTRAS.get(cases.size() % EXTRAS.size());
    boolean norm = norms && cases.size() % 3 == 0;
    boolean odd =
        choice instanceof Choice.Fragments(FragmentShape shape) && shape.rowTiles() % 2 != 0;
    cases.add(
        new KernelCase(
            choice,
            format,
            rows,
            columns,
            tokens,
            new Extras(
                odd ? Gate.NONE : extras.gate(),
                norm,
                extras.bias(),
                extras.residual(),
                extras.out()),
            31L * cases.size() + rows + columns));
  }
}
