package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 32: a float16 scale d and minimum m, 32 fifth bits, 16 bytes of nibbles, the low ones
/// first; `d * q + m`.
final class FormatQ5With1 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 24) {
      float d = Stored.half(data, offset);
      float m = Stored.half(data, offset + 2);
      int fifth = Stored.int32(data, offset + 4);
      ByteVector nibbles = Stored.sixteen(data, offset + 8);
      for (int part = 0; part < PARTS; part++) {
        IntVector both = Stored.unsigned(nibbles, part);
        int shift = part * COUNT;
        IntVector low = FifthBits.raised(both.and(15), fifth >>> shift);
        IntVector high =
            FifthBits.raised(both.lanewise(VectorOperators.LSHR, 4), fifth >>> (16 + shift));
        Stored.floats(low).mul(d).add(m).intoArray(out, at + i + shift);
        Stored.floats(high).mul(d).add(m).intoArray(out, at + i + 16 + shift);
      }
    }
  }
}
