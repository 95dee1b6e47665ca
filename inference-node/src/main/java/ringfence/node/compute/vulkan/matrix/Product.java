package ringfence.node.compute.vulkan.matrix;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.vulkan.weights.GpuMatrix;

/// One product: `out[token] = matrix . in[token]`, and what is done on the way. Addresses are those
/// of the device; 0 stands for what is not there.
///
/// @param matrix `[rows, columns]`; gated: the gate
/// @param up gated: the other matrix, of the same shape and format
/// @param input what it multiplies with
/// @param added to the sums
/// @param results where they go
/// @param carried its part in a norm that has no phase of its own
public record Product(
    GpuMatrix matrix,
    @Nullable GpuMatrix up,
    Gate gate,
    Input input,
    Added added,
    Results results,
    CarriedNorm carried) {

  /// Activations `[token][stride]`, of the numbers that [Matrices#input] asks for, of which
  /// `columns` count. float16: 16-byte aligned, with a stride that is a multiple of 8 and zeros in
  /// the padding of the last 8 columns; float32: 8-byte aligned.
  ///
  /// @param packed whether they are, see [Packing]
  /// @param norm weights `[columns]` of an RMS norm of them, where [Matrices#fusesNorm] says so
  public record Input(long address, int stride, boolean packed, long norm, float epsilon) {}

  /// What is added to the sums.
  ///
  /// @param bias float32 `[rows]`
  /// @param residual float32 `[token][residualStride]`; may be where the results go
  public record Added(long bias, long residual, int residualStride) {
    static final Added NOTHING = new Added(0, 0, 0);
  }

  /// Where the results go, `[token][stride]`; float16: with an even stride; an odd last row is
  /// followed by a zero.
  ///
  /// @param packed where they go packed, see [Packing]
  /// @param nextNorm weights of the norm that comes next, which are in the packed results already
  public record Results(long address, int stride, Numbers numbers, long packed, long nextNorm) {}

  public Product {
    if ((gate != Gate.NONE) != (up != null)) {
      throw new IllegalArgumentException("a gate has two matrices, other products have one");
    }
    if (up != null && !up.layout().equals(matrix.layout())) {
      throw new IllegalArgumentException(
          "gate and up differ: " + matrix.layout() + ", " + up.layout());
    }
    if (input.norm() != 0 && results.nextNorm() != 0) {
      throw new IllegalArgumentException("a product has one norm, before it or behind it");
    }
    if (results.packed() != 0 && !Packing.fits(matrix.rows())) {
      throw new IllegalArgumentException(matrix.rows() + " rows can't be packed");
    }
    if (carried.role() == CarriedNorm.Role.LEAVES && (up != null || matrix.rows() % 4 != 0)) {
      throw new IllegalArgumentException("no product to leave a norm behind");
    }
  }

  /// A plain product to float32.
  public static Product of(GpuMatrix matrix, long in, int inStride, long out, int outStride) {
    return new Product(
        matrix,
        null,
        Gate.NONE,
        new Input(in, inStride, false, 0, 0),
        Added.NOTHING,
        new Results(out, outStride, Numbers.F32, 0, 0),
        CarriedNorm.NONE);
  }

  /// Whether one kernel can multiply with both.
  public static boolean canGate(GpuMatrix gate, GpuMatrix up) {
    return gate.layout().equals(up.layout());
  }

  /// `gate(matrix . in) * (up . in)` instead, where [#canGate] holds.
  public Product gated(Gate gate, GpuMatrix up) {
    return new Product(matrix, up, gate, input, added, results, carried);
  }

  /// With an RMS norm of the input.
  public Product normed(long weights, float epsilon) {
    return with(new Input(input.address(), input.stride(), input.packed(), weights, epsilon));
  }

  /// With an input that is packed, where [Matrices#packs].
  public Product packedInput() {
    return with(new Input(input.address(), input.stride(), true, input.norm(), input.epsilon()));
  }

  public Product plusBias(long bias) {
    return with(new Added(bias, added.residual(), added.residualStride()));
  }

  public Product plusResidual(long residual, int residualStride) {
    return with(new Added(added.bias(), residual, residualStride));
  }

  /// With results of another type.
  public Product to(Numbers numbers) {
    return with(
        new Results(
            results.address(), results.stride(), numbers, results.packed(), results.nextNorm()));
  }

  /// With results that are packed, where [Matrices#packs].
  ///
  /// @param nextNorm weights of the norm that comes next; 0: none, and the results go nowhere else
  public Product packedTo(long packed, long nextNorm) {
    return with(
        new Results(results.address(), results.stride(), results.numbers(), packed, nextNorm));
  }

  /// With its part in a norm, where [Matrices#carriedParts] says so.
  public Product carrying(CarriedNorm carried) {
    return new Product(matrix, up, gate, input, added, results, carried);
  }

  private Product with(Input input) {
    return new Product(matrix, up, gate, input, added, results, carried);
  }

  private Product with(Added added) {
    return new Product(matrix, up, gate, input, added, results, carried);
  }

  private Product with(Results results) {
    return new Product(matrix, up, gate, input, added, results, carried);
  }

  /// Which of its activations are packed.
  Packing packing() {
    return new Packing(input.packed(), results.packed() != 0, results.nextNorm() != 0);
  }

  /// The address of the second matrix, or of the only one.
  long upAddress() {
    return Objects.requireNonNullElse(up, matrix).address();
  }
}
