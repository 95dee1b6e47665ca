package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 32: a float16 scale d, 32 fifth bits, 16 bytes of nibbles, the low ones first; `d * (q
/// - 16)`.
final class FormatQ5With0 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 22) {
      float d = Stored.half(data, offset);
      int fifth = Stored.int32(data, offset + 2);
      ByteVector nibbles = Stored.sixteen(data, offset + 6);
      for (int part = 0; part < PARTS; part++) {
        IntVector both = Stored.unsigned(nibbles, part);
        int shift = part * COUNT;
        IntVector low = FifthBits.centred(both.and(15), fifth >>> shift);
        IntVector high =
            FifthBits.centred(both.lanewise(VectorOperators.LSHR, 4), fifth >>> (16 + shift));
        Stored.floats(low).mul(d).intoArray(out, at + i + shift);
        Stored.floats(high).mul(d).intoArray(out, at + i + 16 + shift);
      }
    }
  }
}
