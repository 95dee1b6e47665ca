package ringfence.node.compute.reference;

import ringfence.node.compute.Batch;
import ringfence.node.model.Rope;

/// RoPE (Su et al., 2021): turns each pair of elements by its frequency times the token's position.
final class Rotation {
  private Rotation() {}

  /// @param heads `[count * headSize, tokens]`, turned in place
  static void rotate(Rope rope, Batch batch, float[] heads, int count, int headSize) {
    int tokens = batch.tokens();
    int token = 0;
    for (Batch.Run run : batch.runs()) {
      for (int i = 0; i < run.tokens().length; i++) {
        rotate(rope, run.position() + i, heads, count, headSize, token++, tokens);
      }
    }
  }

  private static void rotate(
      Rope rope, int position, float[] heads, int count, int headSize, int token, int tokens) {
    int pairs = rope.inverseFrequencies().length;
    for (int pair = 0; pair < pairs; pair++) {
      float angle = position * rope.inverseFrequencies()[pair];
      float cos = (float) StrictMath.cos(angle) * rope.magnitude();
      float sin = (float) StrictMath.sin(angle) * rope.magnitude();
      int first =
          switch (rope.pairing()) {
            case ADJACENT -> 2 * pair;
            case HALVES -> pair;
          };
      int second =
          switch (rope.pairing()) {
            case ADJACENT -> 2 * pair + 1;
            case HALVES -> pair + pairs;
          };
      for (int head = 0; head < count; head++) {
        int a = (head * headSize + first) * tokens + token;
        int b = (head * headSize + second) * tokens + token;
        float x = heads[a];
        float y = heads[b];
        heads[a] = x * cos - y * sin;
        heads[b] = y * cos + x * sin;
      }
    }
  }
}
