package ringfence.node.compute.vulkan.pass;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import ringfence.node.model.Rope;

/// Cosines and sines of one rope by position, computed when a position first comes. On the host,
/// because a GPU's own functions lose their last bits at large angles.
final class Turns {
  private static final int BLOCK = 64;

  private record Block(float[] numbers) {}

  private final Rope rope;
  private @Nullable Block[] blocks = new Block[0];

  Turns(Rope rope) {
    this.rope = rope;
  }

  /// Rotated pairs of a head.
  int pairs() {
    return rope.inverseFrequencies().length;
  }

  Rope rope() {
    return rope;
  }

  /// Positions `position / BLOCK * BLOCK` and following, `[position][pair][cosine, sine]`.
  float[] block(int position) {
    int index = position / BLOCK;
    if (index >= blocks.length) {
      blocks = Arrays.copyOf(blocks, Math.max(index + 1, 2 * blocks.length));
    }
    Block block = blocks[index];
    if (block == null) {
      block = new Block(compute(index * BLOCK));
      blocks[index] = block;
    }
    return block.numbers;
  }

  /// Where a position's numbers start in its block.
  int offset(int position) {
    return position % BLOCK * pairs() * 2;
  }

  private float[] compute(int first) {
    float[] block = new float[BLOCK * pairs() * 2];
    int at = 0;
    for (int position = first; position < first + BLOCK; position++) {
      for (float frequency : rope.inverseFrequencies()) {
        float angle = position * frequency;
        block[at++] = (float) Math.cos(angle) * rope.magnitude();
        block[at++] = (float) Math.sin(angle) * rope.magnitude();
      }
    }
    return block;
  }
}
