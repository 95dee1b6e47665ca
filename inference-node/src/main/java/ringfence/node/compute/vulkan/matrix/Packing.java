package ringfence.node.compute.vulkan.matrix;

/// Which activations of a product are packed: numbers of one or two bytes with a scale for 32
/// columns (`pack.glsl`), as [Matrices#packs] says a mat-vec likes them.
///
/// @param input whether what comes in is packed; with a norm its squares are in it
/// @param output whether the results are
/// @param outputNorm whether the weights of the norm that comes next are in the packed results
///   already; where not, the results go nowhere else
public record Packing(boolean input, boolean output, boolean outputNorm) {
  static final Packing NONE = new Packing(false, false, false);

  /// Rows of fewer columns need numbers of two bytes: with one, SmolLM2's distributions (576
  /// columns) are off by a mean KL divergence of 3.0e-3, three times the gate; with two by 5e-7.
  /// Two cost a model of 4096 columns a sixth of its speed.
  private static final int FEW_COLUMNS = 2048;

  /// For developers, who want to know what the other size would cost: 1 or 2.
  private static final int FORCED_BYTES = Integer.getInteger("ringfence.gpu.number-bytes", 0);

  private static final int TILE_BYTES = 160;
  private static final int TILE = 64;

  /// Rows of a workgroup that packs come in such blocks.
  static final int BLOCK = 32;

  /// Bytes of a packed row.
  public static int rowBytes(int columns) {
    return Math.ceilDiv(columns, TILE) * TILE_BYTES;
  }

  /// Bytes of a number, in a model of so many columns.
  public static int numberBytes(int hidden) {
    return FORCED_BYTES != 0 ? FORCED_BYTES : hidden < FEW_COLUMNS ? 2 : 1;
  }

  /// Whether a developer has chosen the bytes of a number.
  public static boolean isForced() {
    return FORCED_BYTES != 0;
  }

  /// Whether a row of so many columns can be packed.
  public static boolean fits(int columns) {
    return columns % BLOCK == 0;
  }

  /// The constant `PACK` of `matvec.comp`.
  int outputCode() {
    return !output ? 0 : outputNorm ? 2 : 1;
  }
}
