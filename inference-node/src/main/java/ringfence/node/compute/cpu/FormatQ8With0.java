package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ByteVector;

/// Blocks of 32: a float16 scale d, 32 signed bytes q; `d * q`.
final class FormatQ8With0 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 34) {
      float d = Stored.half(data, offset);
      sixteen(Stored.sixteen(data, offset + 2), d, out, at + i);
      sixteen(Stored.sixteen(data, offset + 18), d, out, at + i + 16);
    }
  }

  private static void sixteen(ByteVector q, float d, float[] out, int at) {
    for (int part = 0; part < PARTS; part++) {
      Stored.floats(Stored.signed(q, part)).mul(d).intoArray(out, at + part * COUNT);
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
    for (int i = 0; i < count; i += 32, first += 34, second += 34) {
      FloatVector low = FloatVector.fromArray(FLOATS, token, tokenAt + i);
      FloatVector high = FloatVector.fromArray(FLOATS, token, tokenAt + i + 16);
      float dA = Stored.half(data, first);
      a = sixteen(data, first + 2).mul(dA).fma(low, a);
      a = sixteen(data, first + 18).mul(dA).fma(high, a);
      float dB = Stored.half(data, second);
      b = sixteen(data, second + 2).mul(dB).fma(low, b);
      b = sixteen(data, second + 18).mul(dB).fma(high, b);
    }
    scratch.pair[0] = Lanes.sum(a, scratch.lanes);
    scratch.pair[1] = Lanes.sum(b, scratch.lanes);
  }

  private static FloatVector sixteen(MemorySegment data, long at) {
    return Stored.floats(Stored.signed(Stored.sixteen(data, at), 0));
  }
}
