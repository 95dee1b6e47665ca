package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
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
    for (int i = 0; i < count; i += 32, first += 24, second += 24) {
      FloatVector low = FloatVector.fromArray(FLOATS, token, tokenAt + i);
      FloatVector high = FloatVector.fromArray(FLOATS, token, tokenAt + i + 16);
      int bothA = Stored.int32(data, first);
      FloatVector dA = FloatVector.broadcast(FLOATS, Stored.lowerHalf(bothA));
      FloatVector mA = FloatVector.broadcast(FLOATS, Stored.upperHalf(bothA));
      int fifthA = Stored.int32(data, first + 4);
      IntVector qA = Stored.unsigned(Stored.sixteen(data, first + 8), 0);
      a = Stored.floats(FifthBits.raised(qA.and(15), fifthA)).fma(dA, mA).fma(low, a);
      qA = qA.lanewise(VectorOperators.LSHR, 4);
      a = Stored.floats(FifthBits.raised(qA, fifthA >>> 16)).fma(dA, mA).fma(high, a);
      int bothB = Stored.int32(data, second);
      FloatVector dB = FloatVector.broadcast(FLOATS, Stored.lowerHalf(bothB));
      FloatVector mB = FloatVector.broadcast(FLOATS, Stored.upperHalf(bothB));
      int fifthB = Stored.int32(data, second + 4);
      IntVector qB = Stored.unsigned(Stored.sixteen(data, second + 8), 0);
      b = Stored.floats(FifthBits.raised(qB.and(15), fifthB)).fma(dB, mB).fma(low, b);
      qB = qB.lanewise(VectorOperators.LSHR, 4);
      b = Stored.floats(FifthBits.raised(qB, fifthB >>> 16)).fma(dB, mB).fma(high, b);
    }
    scratch.pair[0] = Lanes.sum(a, scratch.lanes);
    scratch.pair[1] = Lanes.sum(b, scratch.lanes);
  }
}
