package ringfence.node.compute.cpu;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What matrices are multiplied with: the rows of a batch's tokens as they are, and as each layout
/// of codes wants them.
final class Activations {
  /// Rows are padded to whole blocks of any layout and whole vectors.
  private static final int STEP = 32;

  /// Places in [#forLayout]: one for each class of [CodeLayout].
  private static final int LAYOUTS = 4;

  /// Numbers from one row to the next.
  final int stride;

  /// `[token][stride]`, zeros behind the columns. Whoever writes to it calls [#prepare] then.
  final float[] rows;

  private final @Nullable ForLayout[] forLayout = new ForLayout[LAYOUTS];

  /// @param factors one for each column of a row
  /// @param rows `[token][stride]`, times the factors
  /// @param sums `[token][stride / blockColumns]`, of the numbers without factors
  record ForLayout(int blockColumns, float[] factors, float[] rows, float[] sums) {}

  /// @param users the matrices that will be multiplied with it
  Activations(int tokens, int columns, List<Matrix> users) {
    stride = padded(columns);
    rows = new float[tokens * stride];
    for (Matrix matrix : users) {
      if (matrix instanceof Tiles tiles && forLayout[index(tiles.layout())] == null) {
        CodeLayout layout = tiles.layout();
        float[] factors = new float[stride];
        for (int column = 0; column < stride; column++) {
          factors[column] = layout.factor(column);
        }
        int block = layout.blockColumns();
        forLayout[index(layout)] =
            new ForLayout(
                block, factors, new float[tokens * stride], new float[tokens * (stride / block)]);
      }
    }
  }

  static int padded(int columns) {
    return (columns + STEP - 1) & -STEP;
  }

  private static int index(CodeLayout layout) {
    return switch (layout) {
      case CodesOf4 _ -> 0;
      case CodesOf5 _ -> 1;
      case CodesOf6 _ -> 2;
      case CodesOf8 _ -> 3;
    };
  }

  /// A layout's form of the rows.
  ///
  /// @throws IllegalArgumentException when no user has that layout
  ForLayout of(CodeLayout layout) {
    ForLayout found = forLayout[index(layout)];
    if (found == null) {
      throw new IllegalArgumentException("no rows for " + layout);
    }
    return found;
  }

  /// Brings a token's other forms up to date with its row.
  void prepare(int token) {
    for (ForLayout form : forLayout) {
      if (form != null) {
        int at = token * stride;
        Elementwise.times(rows, at, form.factors, 0, form.rows, at, stride);
        int block = form.blockColumns;
        int to = token * (stride / block);
        for (int column = 0; column < stride; column += block) {
          form.sums[to++] = sum(rows, at + column, block);
        }
      }
    }
  }

  /// Four sums side by side, so that an addition need not wait for the one before.
  private static float sum(float[] x, int at, int count) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    for (int i = at; i < at + count; i += 4) {
      a += x[i];
      b += x[i + 1];
      c += x[i + 2];
      d += x[i + 3];
    }
    return (a + c) + (b + d);
  }
}
