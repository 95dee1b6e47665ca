package ringfence.node.compute.vulkan.matrix;

/// Which kernel computes a product, with its sizes.
public sealed interface Choice {
  /// `matvec.comp`.
  ///
  /// @param integer packed integer dot products, else float32
  record MatVec(MatVecShape shape, boolean integer) implements Choice {
    /// Tokens that one dispatch takes.
    public static final int MOST_TOKENS = 4;

    @Override
    public String toString() {
      return shape + (integer ? " int8" : " f32");
    }
  }

  /// `fragment.comp`.
  record Fragments(FragmentShape shape) implements Choice {
    @Override
    public String toString() {
      return shape.toString();
    }
  }

  /// `matmul.comp`.
  record Tiled() implements Choice {
    static final int ROWS = 64;
    static final int TOKENS = 32;

    @Override
    public String toString() {
      return "tiled f32";
    }
  }
}
