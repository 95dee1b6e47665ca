package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 32: a float16 scale d and minimum m, 16 bytes of nibbles q, the low ones first; `d * q
/// + m`.
final class FormatQ4With1 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 20) {
      float d = Stored.half(data, offset);
      float m = Stored.half(data, offset + 2);
      ByteVector nibbles = Stored.sixteen(data, offset + 4);
      for (int part = 0; part < PARTS; part++) {
        IntVector both = Stored.unsigned(nibbles, part);
        int to = at + i + part * COUNT;
        Stored.floats(both.and(15)).mul(d).add(m).intoArray(out, to);
        Stored.floats(both.lanewise(VectorOperators.LSHR, 4)).mul(d).add(m).intoArray(out, to + 16);
      }
    }
  }
}
