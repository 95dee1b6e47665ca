package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 256: 32 bytes of third bits, 64 bytes of bit pairs as in [FormatQ2K], 12 bytes of
/// six-bit scales of 16 sub-blocks of 16, a float16 d; `(d * (scale - 32)) * (q - 4)`. Bit b of
/// byte i of the third bits belongs to number `32 * b + i`.
final class FormatQ3K implements Format {
  private static final long LOW_FOUR = 0x0F0F0F0F_0F0F0F0FL;
  private static final long LOW_TWO = 0x03030303_03030303L;

  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    float[] scales = new float[16];
    for (int i = 0; i < count; i += 256, offset += 110) {
      scales(data, offset, scales);
      for (int sub = 0; sub < 16; sub++) {
        long inQuarter = 16L * (sub & 1);
        sixteen(
            Stored.sixteen(data, offset + 32 + 32L * (sub >> 3) + inQuarter),
            sub & 6,
            Stored.sixteen(data, offset + inQuarter),
            sub >> 1,
            scales[sub],
            out,
            at + i + 16 * sub);
      }
    }
  }

  private static void sixteen(
      ByteVector pairs,
      int pairShift,
      ByteVector thirds,
      int thirdShift,
      float scale,
      float[] out,
      int at) {
    for (int part = 0; part < PARTS; part++) {
      IntVector low = Stored.unsigned(pairs, part).lanewise(VectorOperators.LSHR, pairShift).and(3);
      IntVector high =
          Stored.unsigned(thirds, part)
              .lanewise(VectorOperators.LSHR, thirdShift)
              .and(1)
              .lanewise(VectorOperators.LSHL, 2);
      Stored.floats(low.or(high).sub(4)).mul(scale).intoArray(out, at + part * COUNT);
    }
  }

  /// Writes a block's sixteen `d * (scale - 32)`. The low four bits of scales 0 to 7 are the low
  /// nibbles of bytes 0 to 7, of 8 to 15 the high ones; the high two of scale s are pair `s / 4` of
  /// byte `8 + s % 4`.
  private static void scales(MemorySegment data, long block, float[] out) {
    float d = Stored.half(data, block + 108);
    long low = Stored.int64(data, block + 96);
    long pairs = Stored.int32(data, block + 104) & 0xFFFFFFFFL;
    long first = (low & LOW_FOUR) | ((pairs | (pairs >>> 2) << 32) & LOW_TWO) << 4;
    long second = (low >>> 4 & LOW_FOUR) | ((pairs >>> 4 | (pairs >>> 6) << 32) & LOW_TWO) << 4;
    for (int sub = 0; sub < 8; sub++) {
      out[sub] = d * ((int) (first >>> (8 * sub) & 0x3F) - 32);
      out[8 + sub] = d * ((int) (second >>> (8 * sub) & 0x3F) - 32);
    }
  }
}
