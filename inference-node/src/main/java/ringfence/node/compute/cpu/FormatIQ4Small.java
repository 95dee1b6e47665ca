package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;

/// IQ4_XS. Blocks of 256: a float16 d, two bytes with the high two bits of the scales of 8
/// sub-blocks of 32, four bytes with their low four, 128 bytes of codes; `d * (scale - 32)` times a
/// code's number.
final class FormatIQ4Small implements Format {
  @Override
  public void unpack(MemorySegment data, long offset, int count, float[] out, int at) {
    for (int i = 0; i < count; i += 256, offset += 136) {
      float d = Stored.half(data, offset);
      int high = Stored.int16(data, offset + 2);
      int low = Stored.int32(data, offset + 4);
      for (int sub = 0; sub < 8; sub++) {
        int scale = (low >>> (4 * sub) & 15) | (high >>> (2 * sub) & 3) << 4;
        CodeTable.NON_LINEAR.unpack(
            Stored.sixteen(data, offset + 8 + 16L * sub), d * (scale - 32), out, at + i + 32 * sub);
      }
    }
  }
}
