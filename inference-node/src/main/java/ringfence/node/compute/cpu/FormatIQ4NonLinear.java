package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;

/// IQ4_NL. Blocks of 32: a float16 scale, 16 bytes of codes, the low nibbles first; the scale times
/// a code's number.
final class FormatIQ4NonLinear implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 18) {
      float d = Stored.half(data, offset);
      CodeTable.NON_LINEAR.unpack(Stored.sixteen(data, offset + 2), d, out, at + i);
    }
  }
}
