package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Blocks of 32: a float16 scale d, 16 bytes of nibbles q, the low ones first; `d * (q - 8)`.
final class FormatQ4With0 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 18) {
      float d = Stored.half(data, offset);
      ByteVector nibbles = Stored.sixteen(data, offset + 2);
      for (int part = 0; part < PARTS; part++) {
        IntVector both = Stored.unsigned(nibbles, part);
        int to = at + i + part * COUNT;
        Stored.floats(both.and(15).sub(8)).mul(d).intoArray(out, to);
        Stored.floats(both.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d).intoArray(out, to + 16);
      }
    }
  }

  @Override
  public boolean pairs() {
    return PARTS == 1;
  }

  @Override
  public void pair(
      MemorySegment data,
      long first,
      long second,
      int count,
      float[] token,
      int tokenAt,
      Scratch scratch) {
    FloatVector a = FloatVector.zero(FLOATS);
    FloatVector b = a;
    for (int i = 0; i < count; i += 32, first += 18, second += 18) {
      FloatVector low = FloatVector.fromArray(FLOATS, token, tokenAt + i);
      FloatVector high = FloatVector.fromArray(FLOATS, token, tokenAt + i + 16);
      float dA = Stored.half(data, first);
      IntVector qA = Stored.unsigned(Stored.sixteen(data, first + 2), 0);
      a = Stored.floats(qA.and(15).sub(8)).mul(dA).fma(low, a);
      a = Stored.floats(qA.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(dA).fma(high, a);
      float dB = Stored.half(data, second);
      IntVector qB = Stored.unsigned(Stored.sixteen(data, second + 2), 0);
      b = Stored.floats(qB.and(15).sub(8)).mul(dB).fma(low, b);
      b = Stored.floats(qB.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(dB).fma(high, b);
    }
    scratch.pair[0] = Lanes.sum(a, scratch.lanes);
    scratch.pair[1] = Lanes.sum(b, scratch.lanes);
  }
}
