package ringfence.node.compute.vulkan.device;

/// One shape of matrix product that a subgroup computes together: `result[m,n] = a[m,k] b[k,n] +
/// c[m,n]`.
public record CooperativeShape(
    int m, int n, int k, Element a, Element b, Element c, Element result, boolean saturating) {

  /// A type of element. `OTHER` stands for those that we have no use for.
  public enum Element {
    F16,
    F32,
    BF16,
    I8,
    U8,
    I32,
    U32,
    OTHER
  }

  /// f16 times f16, summed in f32.
  public boolean isHalf(int m, int n, int k) {
    return this.m == m
        && this.n == n
        && this.k == k
        && a == Element.F16
        && b == Element.F16
        && c == Element.F32
        && result == Element.F32
        && !saturating;
  }

  @Override
  public String toString() {
    return m + "x" + n + "x" + k + " " + a + "*" + b + "->" + result;
  }
}
