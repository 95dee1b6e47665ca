package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;

/// Blocks of 32: an exponent e of a byte, 16 bytes of codes, the low nibbles first; `2^(e - 128)`
/// times a code's number, which is twice that of FP4 E2M1.
final class FormatMXFP4 implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 32, offset += 17) {
      int exponent = Stored.int8(data, offset) & 0xFF;
      // The lowest two are subnormal.
      float scale =
          Float.intBitsToFloat(exponent < 2 ? 0x00200000 << exponent : (exponent - 1) << 23);
      CodeTable.TWICE_E2M1.unpack(Stored.sixteen(data, offset + 1), scale, out, at + i);
    }
  }
}
