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

  /// Bytes of a vector.
  static final int BYTES = COUNT * Float.BYTES;

  /// Rows of a matrix that are computed side by side: four vectors.
  static final int TILE = 4 * COUNT;

  private Lanes() {}

  /// Tiles that hold this many rows.
  static int tiles(int rows) {
    return (rows + TILE - 1) / TILE;
  }

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
    return sum(scratch, 0);
  }

  /// The sum of [#COUNT] numbers from `at` on, in the same order; they are overwritten.
  static float sum(float[] lanes, int at) {
    if (COUNT == 16) {
      float a = (lanes[at] + lanes[at + 8]) + (lanes[at + 4] + lanes[at + 12]);
      float b = (lanes[at + 1] + lanes[at + 9]) + (lanes[at + 5] + lanes[at + 13]);
      float c = (lanes[at + 2] + lanes[at + 10]) + (lanes[at + 6] + lanes[at + 14]);
      float d = (lanes[at + 3] + lanes[at + 11]) + (lanes[at + 7] + lanes[at + 15]);
      return (a + c) + (b + d);
    }
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        lanes[at + i] += lanes[at + i + half];
      }
    }
    return lanes[at];
  }
}
