package ringfence.node.compute.sampling;

/// `e^x` in operations that IEEE 754 defines to the bit, so that two machines draw the same token
/// from the same logits. `Math.exp` may differ in its last bit between processors.
final class Exponential {
  /// Below this the result counts as 0; the smallest normal double is e^-708.4.
  private static final double SMALLEST = -708;

  private static final double LOG2_E = 1.4426950408889634;

  /// ln 2 in two parts; the first has trailing zeros, so that its multiples are exact.
  private static final double LN2_HIGH = 0x1.62e42feep-1;

  private static final double LN2_LOW = 0x1.a39ef35793c76p-33;

  private Exponential() {}

  /// @param x at most 0
  static double of(double x) {
    if (x < SMALLEST) {
      return 0;
    }
    double power = Math.rint(x * LOG2_E);
    double rest = (x - power * LN2_HIGH) - power * LN2_LOW;
    // 1/k! for k = 12 down to 0. What is cut off is below 0.347^13 / 13! = 2e-16.
    double sum = 1.0 / 479001600;
    sum = sum * rest + 1.0 / 39916800;
    sum = sum * rest + 1.0 / 3628800;
    sum = sum * rest + 1.0 / 362880;
    sum = sum * rest + 1.0 / 40320;
    sum = sum * rest + 1.0 / 5040;
    sum = sum * rest + 1.0 / 720;
    sum = sum * rest + 1.0 / 120;
    sum = sum * rest + 1.0 / 24;
    sum = sum * rest + 1.0 / 6;
    sum = sum * rest + 1.0 / 2;
    sum = sum * rest + 1;
    sum = sum * rest + 1;
    return sum * Double.longBitsToDouble(((long) power + 1023) << 52);
  }
}
