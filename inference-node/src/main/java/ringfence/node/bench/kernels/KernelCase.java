package ringfence.node.bench.kernels;

import ringfence.node.compute.vulkan.matrix.Choice;
import ringfence.node.compute.vulkan.matrix.Gate;
import ringfence.node.compute.vulkan.matrix.Numbers;
import ringfence.node.compute.vulkan.weights.WeightFormat;

/// One product to check.
///
/// @param extras what is done beside the product
public record KernelCase(
    Choice choice,
    WeightFormat format,
    int rows,
    int columns,
    int tokens,
    Extras extras,
    long seed) {

  private static final int FEW_COLUMNS = 128;

  /// What is done beside the product.
  ///
  /// @param norm an RMS norm of the input
  /// @param bias a number added to each row
  /// @param residual numbers added to each result, which replace them
  public record Extras(Gate gate, boolean norm, boolean bias, boolean residual, Numbers out) {
    /// The product alone.
    public static final Extras NONE = new Extras(Gate.NONE, false, false, false, Numbers.F32);

    @Override
    public String toString() {
      return (gate == Gate.NONE ? "" : " " + gate)
          + (norm ? " norm" : "")
          + (bias ? " bias" : "")
          + (residual ? " residual" : "")
          + (out == Numbers.F16 ? " to f16" : "");
    }
  }

  /// The largest error that it may have, as a share of `sum |w * a|`: rounding to float32, to
  /// float16 (2^-11 a number, of weights and activations), or to bytes (half a step of 1/127 of the
  /// largest of 32). Of a block of MXFP4 a few large weights count, and of one or two blocks few
  /// activations, so their errors even out less.
  public double bound() {
    return switch (choice) {
      case Choice.MatVec(var shape, boolean integer) -> integer ? integerBound() : 1e-6;
      case Choice.Fragments fragments -> 1e-3;
      case Choice.Tiled tiled -> 1e-6;
    };
  }

  private double integerBound() {
    double bound = format == WeightFormat.MXFP4 ? 8e-3 : 6e-3;
    return columns < FEW_COLUMNS ? 2.5 * bound : bound;
  }

  /// Whether the kernel reads float16 activations.
  boolean halfInput() {
    return switch (choice) {
      case Choice.MatVec matVec -> false;
      case Choice.Fragments fragments -> true;
      case Choice.Tiled tiled -> false;
    };
  }

  @Override
  public String toString() {
    return choice + " " + format + " " + rows + "x" + columns + " @" + tokens + extras + " seed "
        + seed;
  }
}
