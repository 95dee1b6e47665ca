package ringfence.node.compute.cpu;

import ringfence.node.model.Rope;

/// Cosines and sines of one rope at the positions of a batch. StrictMath, because its bits are the
/// same on every machine.
final class Rotation {
  private final Rope rope;
  private final int pairs;
  private final float[] cosines;
  private final float[] sines;

  Rotation(Rope rope, int maxTokens) {
    this.rope = rope;
    this.pairs = rope.inverseFrequencies().length;
    this.cosines = new float[maxTokens * pairs];
    this.sines = new float[maxTokens * pairs];
  }

  /// Makes ready for a token at a position.
  void place(int token, int position) {
    for (int pair = 0; pair < pairs; pair++) {
      float angle = position * rope.inverseFrequencies()[pair];
      cosines[token * pairs + pair] = (float) StrictMath.cos(angle) * rope.magnitude();
      sines[token * pairs + pair] = (float) StrictMath.sin(angle) * rope.magnitude();
    }
  }

  /// Turns one head.
  void turn(int token, float[] head, int at) {
    int apart = rope.pairing() == Rope.Pairing.HALVES ? pairs : 1;
    int step = rope.pairing() == Rope.Pairing.HALVES ? 1 : 2;
    int table = token * pairs;
    for (int pair = 0; pair < pairs; pair++) {
      int first = at + pair * step;
      int second = first + apart;
      float a = head[first];
      float b = head[second];
      float cosine = cosines[table + pair];
      float sine = sines[table + pair];
      head[first] = a * cosine - b * sine;
      head[second] = b * cosine + a * sine;
    }
  }
}
