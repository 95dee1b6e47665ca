package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
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
    for (int i = 0; i < count; i += 32, first += 22, second += 22) {
      FloatVector low = FloatVector.fromArray(FLOATS, token, tokenAt + i);
      FloatVector high = FloatVector.fromArray(FLOATS, token, tokenAt + i + 16);
      float dA = Stored.half(data, first);
      int fifthA = Stored.int32(data, first + 2);
      IntVector qA = Stored.unsigned(Stored.sixteen(data, first + 6), 0);
      a = Stored.floats(FifthBits.centred(qA.and(15), fifthA)).mul(dA).fma(low, a);
      qA = qA.lanewise(VectorOperators.LSHR, 4);
      a = Stored.floats(FifthBits.centred(qA, fifthA >>> 16)).mul(dA).fma(high, a);
      float dB = Stored.half(data, second);
      int fifthB = Stored.int32(data, second + 2);
      IntVector qB = Stored.unsigned(Stored.sixteen(data, second + 6), 0);
      b = Stored.floats(FifthBits.centred(qB.and(15), fifthB)).mul(dB).fma(low, b);
      qB = qB.lanewise(VectorOperators.LSHR, 4);
      b = Stored.floats(FifthBits.centred(qB, fifthB >>> 16)).mul(dB).fma(high, b);
    }
    scratch.pair[0] = Lanes.sum(a, scratch.lanes);
    scratch.pair[1] = Lanes.sum(b, scratch.lanes);
  }
}
