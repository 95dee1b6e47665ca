package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 256: 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, float16
/// d; `(d * scale) * (q - 32)` in sub-blocks of 16. Each half of the block has 64 bytes of nibbles
/// and 32 of pairs: quarter c (32 numbers) of a half takes the low (c < 2) or high nibbles of bytes
/// `32 * (c % 2)` on, and bits 2c and 2c + 1 of the pairs.
final class UnpackQ6K implements Unpacker {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 256, offset += 210) {
      float d = Stored.half(data, offset + 208);
      for (int half = 0; half < 2; half++) {
        for (int sixteenth = 0; sixteenth < 2; sixteenth++) {
          long nibbles = offset + 64 * half + 16 * sixteenth;
          long scales = offset + 192 + 8 * half + sixteenth;
          quarters(
              Stored.sixteen(data, nibbles),
              Stored.sixteen(data, nibbles + 32),
              Stored.sixteen(data, offset + 128 + 32 * half + 16 * sixteenth),
              d * Stored.int8(data, scales),
              d * Stored.int8(data, scales + 2),
              d * Stored.int8(data, scales + 4),
              d * Stored.int8(data, scales + 6),
              out,
              at + i + 128 * half + 16 * sixteenth);
        }
      }
    }
  }

  private static void quarters(
      ByteVector nibbles0,
      ByteVector nibbles1,
      ByteVector pairs,
      float scale0,
      float scale1,
      float scale2,
      float scale3,
      float[] out,
      int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector even = Stored.unsigned(nibbles0, part);
      IntVector odd = Stored.unsigned(nibbles1, part);
      IntVector upper = Stored.unsigned(pairs, part);
      int to = at + part * COUNT;
      IntVector q0 = even.and(15).or(upper.lanewise(VectorOperators.LSHL, 4).and(0x30));
      IntVector q1 = odd.and(15).or(upper.lanewise(VectorOperators.LSHL, 2).and(0x30));
      IntVector q2 = even.lanewise(VectorOperators.LSHR, 4).or(upper.and(0x30));
      IntVector q3 =
          odd.lanewise(VectorOperators.LSHR, 4)
              .or(upper.lanewise(VectorOperators.LSHR, 2).and(0x30));
      Stored.floats(q0.sub(32)).mul(scale0).intoArray(out, to);
      Stored.floats(q1.sub(32)).mul(scale1).intoArray(out, to + 32);
      Stored.floats(q2.sub(32)).mul(scale2).intoArray(out, to + 64);
      Stored.floats(q3.sub(32)).mul(scale3).intoArray(out, to + 96);
    }
  }
}
