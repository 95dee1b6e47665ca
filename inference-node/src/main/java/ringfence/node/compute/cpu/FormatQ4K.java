package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 256: float16 d and dmin, six-bit scales and minima of 8 sub-blocks of 32 ([SixBits]),
/// 128 bytes of nibbles; 32 bytes hold one sub-block (low) and the next (high); `(d * scale) * q -
/// dmin * minimum`.
final class FormatQ4K implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    float[] scales = new float[16];
    for (int i = 0; i < count; i += 256, offset += 144) {
      SixBits.read(data, offset, scales);
      for (int sub = 0; sub < 8; sub += 2) {
        float scale0 = scales[sub];
        float min0 = scales[sub + 8];
        float scale1 = scales[sub + 1];
        float min1 = scales[sub + 9];
        long nibbles = offset + 16 + 16L * sub;
        int to = at + i + 32 * sub;
        for (int half = 0; half < 32; half += 16) {
          sixteen(Stored.sixteen(data, nibbles + half), scale0, min0, scale1, min1, out, to + half);
        }
      }
    }
  }

  private static void sixteen(
      ByteVector nibbles, float scale0, float min0, float scale1, float min1, float[] out, int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector both = Stored.unsigned(nibbles, part);
      int to = at + part * COUNT;
      Stored.floats(both.and(15)).mul(scale0).sub(min0).intoArray(out, to);
      Stored.floats(both.lanewise(VectorOperators.LSHR, 4))
          .mul(scale1)
          .sub(min1)
          .intoArray(out, to + 32);
    }
  }
}
