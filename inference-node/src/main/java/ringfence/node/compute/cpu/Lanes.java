package ringfence.node.compute.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// The vector width of this machine, and the one order in which a vector's lanes are summed.
final class Lanes {
  static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS =
      IntVector.SPECIES_PREFERRED.length() > 16
          ? IntVector.SPECIES_512
          : IntVector.SPECIES_PREFERRED;

  /// Numbers in a vector: 4, 8 or 16.
  static final int COUNT = FLOATS.length();

  private Lanes() {}

  /// The next multiple of [#COUNT].
  static int padded(int count) {
    return (count + COUNT - 1) & -COUNT;
  }

  /// The sum of all lanes: the upper half is added to the lower until one is left. The Vector API's
  /// own reduction leaves the order open, so compiled and interpreted code could differ.
  ///
  /// @param scratch at least [#COUNT] elements, overwritten
  static float sum(FloatVector vector, float[] scratch) {
    vector.intoArray(scratch, 0);
    if (COUNT == 16) {
      float a = (scratch[0] + scratch[8]) + (scratch[4] + scratch[12]);
      float b = (scratch[1] + scratch[9]) + (scratch[5] + scratch[13]);
      float c = (scratch[2] + scratch[10]) + (scratch[6] + scratch[14]);
      float d = (scratch[3] + scratch[11]) + (scratch[7] + scratch[15]);
      return (a + c) + (b + d);
    }
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        scratch[i] += scratch[i + half];
      }
    }
    return scratch[0];
  }
}
