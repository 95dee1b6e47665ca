package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;

import java.lang.foreign.MemorySegment;

/// IEEE 754 half precision.
final class FormatF16 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    int i = 0;
    for (; i + COUNT <= count; i += COUNT) {
      Stored.halves(Stored.shorts(data, offset + 2L * i)).intoArray(out, at + i);
    }
    for (; i < count; i++) {
      out[at + i] = Stored.half(data, offset + 2L * i);
    }
  }
}
