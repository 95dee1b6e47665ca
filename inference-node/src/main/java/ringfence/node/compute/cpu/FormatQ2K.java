package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 256: 16 bytes of a scale (low) and a minimum (high) of 16 sub-blocks of 16, 64 bytes
/// of bit pairs, float16 d and dmin; `(d * scale) * q - dmin * minimum`. Each half of the block has
/// 32 bytes of pairs: pair p of byte i is number `32 * p + i` of the half.
final class FormatQ2K implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    float[] scales = new float[16];
    float[] minima = new float[16];
    for (int i = 0; i < count; i += 256, offset += 84) {
      scales(data, offset, scales, minima);
      for (int sub = 0; sub < 16; sub++) {
        sixteen(
            Stored.sixteen(data, offset + 16 + 32L * (sub >> 3) + 16L * (sub & 1)),
            sub & 6,
            scales[sub],
            minima[sub],
            out,
            at + i + 16 * sub);
      }
    }
  }

  private static void sixteen(
      ByteVector pairs, int shift, float scale, float min, float[] out, int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector q = Stored.unsigned(pairs, part).lanewise(VectorOperators.LSHR, shift).and(3);
      Stored.floats(q).mul(scale).sub(min).intoArray(out, at + part * COUNT);
    }
  }

  /// Writes a block's sixteen `d * scale` and `dmin * minimum`.
  private static void scales(MemorySegment data, long block, float[] scales, float[] minima) {
    float d = Stored.half(data, block + 80);
    float dmin = Stored.half(data, block + 82);
    ByteVector stored = Stored.sixteen(data, block);
    for (int part = 0; part < PARTS; part++) {
      IntVector both = Stored.unsigned(stored, part);
      Stored.floats(both.and(15)).mul(d).intoArray(scales, part * COUNT);
      Stored.floats(both.lanewise(VectorOperators.LSHR, 4))
          .mul(dmin)
          .intoArray(minima, part * COUNT);
    }
  }
}
