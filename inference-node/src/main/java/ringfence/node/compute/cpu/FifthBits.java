package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.INTS;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The upper bits of 5-bit blocks of 32, which the file keeps together in one int: bit i belongs to
/// lane i here.
final class FifthBits {
  private static final int LANE_BITS = (1 << COUNT) - 1;

  private FifthBits() {}

  /// `nibble + 16 * bit`.
  static IntVector raised(IntVector nibbles, int bits) {
    return nibbles.lanewise(VectorOperators.ADD, 16, VectorMask.fromLong(INTS, bits & LANE_BITS));
  }

  /// `nibble + 16 * bit - 16`.
  static IntVector centred(IntVector nibbles, int bits) {
    return nibbles.lanewise(VectorOperators.ADD, -16, VectorMask.fromLong(INTS, ~bits & LANE_BITS));
  }
}
