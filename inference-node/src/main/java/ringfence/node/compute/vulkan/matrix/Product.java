package ringfence.node.compute.vulkan.matrix;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.weights.GpuMatrix;

/// One product: `out[token] = matrix . in[token]`, and what is done on the way. Addresses are those
/// of the device; 0 stands for what is not there.
///
/// @param matrix `[rows, columns]`; gated: the gate
/// @param up gated: the other matrix, of the same shape and format
/// @param in activations, of the numbers that [Matrices#input] asks for: `[token][inStride]`, of
///   which `columns` count. float16: 16-byte aligned, with a stride that is a multiple of 8 and
///   zeros in the padding of the last 8 columns; float32: 8-byte aligned
/// @param norm weights `[columns]` of an RMS norm of `in`, where [Matrices#fusesNorm] says so
/// @param bias float32 `[rows]`, added
/// @param residual float32 `[token][residualStride]`, added; may be `out`
/// @param out `[token][outStride]`; float16: with an even stride; an odd last row is followed by a
///   zero
/// @param packing which of the activations are packed
public record Product(
    GpuMatrix matrix,
    @Nullable GpuMatrix up,
    Gate gate,
    long in,
    int inStride,
    long norm,
    float epsilon,
    long bias,
    long residual,
    int residualStride,
    long out,
    int outStride,
    Numbers outNumbers,
    Packing packing) {

  public Product {
    if ((gate != Gate.NONE) != (up != null)) {
      throw new IllegalArgumentException("a gate has two matrices, other products have one");
    }
    if (up != null && !up.layout().equals(matrix.layout())) {
      throw new IllegalArgumentException(
          "gate and up differ: " + matrix.layout() + ", " + up.layout());
    }
    if (norm != 0 && packing.outputNorm() != 0) {
      throw new IllegalArgumentException("a product has one norm, before it or behind it");
    }
    if (packing.output() != 0 && !Packing.fits(matrix.rows())) {
      throw new IllegalArgumentException(matrix.rows() + " rows can't be packed");
    }
  }

  /// A plain product to float32.
  public static Product of(GpuMatrix matrix, long in, int inStride, long out, int outStride) {
    return new Product(
        matrix,
        null,
        Gate.NONE,
        in,
        inStride,
        0,
        0,
        0,
        0,
        0,
        out,
        outStride,
        Numbers.F32,
        Packing.NONE);
  }

  /// `gate(matrix . in) * (up . in)` instead, where [#canGate] holds.
  public Product gated(Gate gate, GpuMatrix up) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        norm,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        outNumbers,
        packing);
  }

  /// Whether one kernel can multiply with both.
  public static boolean canGate(GpuMatrix gate, GpuMatrix up) {
    return gate.layout().equals(up.layout());
  }

  /// With an RMS norm of the input.
  public Product normed(long weights, float epsilon) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        weights,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        outNumbers,
        packing);
  }

  public Product plusBias(long bias) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        norm,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        outNumbers,
        packing);
  }

  public Product plusResidual(long residual, int residualStride) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        norm,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        outNumbers,
        packing);
  }

  /// With packed activations, where [Matrices#packs].
  public Product packed(Packing packing) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        norm,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        outNumbers,
        packing);
  }

  /// With results of another type.
  public Product to(Numbers numbers) {
    return new Product(
        matrix,
        up,
        gate,
        in,
        inStride,
        norm,
        epsilon,
        bias,
        residual,
        residualStride,
        out,
        outStride,
        numbers,
        packing);
  }

  /// The address of the second matrix, or of the only one.
  long upAddress() {
    return Objects.requireNonNullElse(up, matrix).address();
  }
}
