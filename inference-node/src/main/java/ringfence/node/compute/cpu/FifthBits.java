package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.INTS;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The upper bits of 5-bit blocks of 32, which the file keeps together in one int.
final class FifthBits {
  private static final IntVector LANE = IntVector.zero(INTS).addIndex(1);

  private FifthBits() {}

  /// Lane i gets bit i, at its place above a nibble.
  static IntVector spread(int bits) {
    return IntVector.broadcast(INTS, bits)
        .lanewise(VectorOperators.LSHR, LANE)
        .and(1)
        .lanewise(VectorOperators.LSHL, 4);
  }
}
