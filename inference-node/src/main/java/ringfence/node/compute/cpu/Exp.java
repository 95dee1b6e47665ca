package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// e^x on vectors, from operations whose results IEEE 754 fixes, so that compiled and interpreted
/// code agree, which the Vector API's own EXP leaves open.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, of which the first has so few bits that
/// n times it is exact (Cody and Waite, 1980); e^r by its Taylor polynomial of degree 7, whose
/// remainder, r^8 / 8! < 6e-9, is a tenth of the rounding; then n goes into the exponent. The
/// result is within 2e-7 of the truth, relatively.
final class Exp {
  /// Below this e^x is 0 here: less than 2^-126, where float32 loses precision.
  static final float LEAST = -87.33f;

  private static final float MOST = 88.3f;
  private static final float LOG2_E = 0x1.715476p0f;
  private static final float LN2_HIGH = 0x1.62ep-1f;
  private static final float LN2_LOW = 0x1.0bfbe8p-15f;

  /// Adding it rounds to a whole number, which then stands in the lowest bits.
  private static final float ROUNDER = 0x1.8p23f;

  private Exp() {}

  static FloatVector of(FloatVector x) {
    FloatVector bounded = x.max(LEAST).min(MOST);
    FloatVector shifted =
        bounded.fma(FloatVector.broadcast(FLOATS, LOG2_E), FloatVector.broadcast(FLOATS, ROUNDER));
    FloatVector n = shifted.sub(ROUNDER);
    FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), bounded);
    r = n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r);
    FloatVector p = FloatVector.broadcast(FLOATS, 1f / 5040);
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1));
    p = p.fma(r, FloatVector.broadcast(FLOATS, 1));
    IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector power = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    return power.blend(0f, x.compare(VectorOperators.LT, LEAST));
  }
}
