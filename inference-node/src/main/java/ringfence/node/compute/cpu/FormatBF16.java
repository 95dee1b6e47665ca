package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorOperators;

/// The upper 16 bits of a float32.
final class FormatBF16 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    int i = 0;
    for (; i + COUNT <= count; i += COUNT) {
      Stored.shorts(data, offset + 2L * i)
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoArray(out, at + i);
    }
    for (; i < count; i++) {
      out[at + i] = Float.intBitsToFloat(Stored.int16(data, offset + 2L * i) << 16);
    }
  }
}
