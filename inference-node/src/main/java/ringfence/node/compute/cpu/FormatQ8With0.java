package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import java.lang.foreign.MemorySegment;
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
}
