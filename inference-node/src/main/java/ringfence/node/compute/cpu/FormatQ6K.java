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
final class FormatQ6K implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    float[] scales = new float[16];
    for (int i = 0; i < count; i += 256, offset += 210) {
      scales(data, offset, scales);
      for (int half = 0; half < 2; half++) {
        for (int part = 0; part < 4; part++) {
          int quarter = part >> 1;
          int sixteenth = part & 1;
          int scale = 8 * half + part;
          sixteen(
              Stored.sixteen(data, offset + 64L * half + 16L * part),
              Stored.sixteen(data, offset + 128 + 32L * half + 16L * sixteenth),
              2 * quarter,
              scales[scale],
              scales[scale + 4],
              out,
              at + i + 128 * half + 16 * part);
        }
      }
    }
  }

  /// Sixteen numbers of one quarter and those two quarters on, which share their bytes.
  private static void sixteen(
      ByteVector nibbles,
      ByteVector pairs,
      int pairShift,
      float scale,
      float scaleOfNext,
      float[] out,
      int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector both = Stored.unsigned(nibbles, part);
      IntVector upper = Stored.unsigned(pairs, part).lanewise(VectorOperators.LSHR, pairShift);
      IntVector low = both.and(15).or(upper.and(3).lanewise(VectorOperators.LSHL, 4));
      IntVector high = both.lanewise(VectorOperators.LSHR, 4).or(upper.and(0x30));
      int to = at + part * COUNT;
      Stored.floats(low.sub(32)).mul(scale).intoArray(out, to);
      Stored.floats(high.sub(32)).mul(scaleOfNext).intoArray(out, to + 64);
    }
  }

  /// Writes a block's sixteen `d * scale`.
  private static void scales(MemorySegment data, long block, float[] out) {
    float d = Stored.half(data, block + 208);
    ByteVector stored = Stored.sixteen(data, block + 192);
    for (int part = 0; part < PARTS; part++) {
      Stored.floats(Stored.signed(stored, part)).mul(d).intoArray(out, part * COUNT);
    }
  }
}
