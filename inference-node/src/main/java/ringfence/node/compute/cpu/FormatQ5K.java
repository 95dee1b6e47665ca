package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// As [FormatQ4K] with a fifth bit: 32 bytes before the nibbles, of which bit `sub` of byte i
/// belongs to number i of sub-block `sub`.
final class FormatQ5K implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    float[] scales = new float[16];
    for (int i = 0; i < count; i += 256, offset += 176) {
      SixBits.read(data, offset, scales);
      for (int sub = 0; sub < 8; sub++) {
        float scale = scales[sub];
        float min = scales[sub + 8];
        long nibbles = offset + 48 + 32L * (sub / 2);
        int to = at + i + 32 * sub;
        for (int half = 0; half < 32; half += 16) {
          ByteVector low = Stored.sixteen(data, nibbles + half);
          ByteVector fifth = Stored.sixteen(data, offset + 16 + half);
          sixteen(low, 4 * (sub & 1), fifth, sub, scale, min, out, to + half);
        }
      }
    }
  }

  private static void sixteen(
      ByteVector nibbles,
      int nibbleShift,
      ByteVector fifth,
      int fifthShift,
      float scale,
      float min,
      float[] out,
      int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector low =
          Stored.unsigned(nibbles, part).lanewise(VectorOperators.LSHR, nibbleShift).and(15);
      IntVector high =
          Stored.unsigned(fifth, part)
              .lanewise(VectorOperators.LSHR, fifthShift)
              .and(1)
              .lanewise(VectorOperators.LSHL, 4);
      Stored.floats(low.or(high)).mul(scale).sub(min).intoArray(out, at + part * COUNT);
    }
  }
}
