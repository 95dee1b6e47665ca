package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;

/// The eight scales and eight minima of six bits that Q4_K and Q5_K keep in 12 bytes: those of the
/// first four sub-blocks lie in the low bits of bytes 0 - 3 and 4 - 7; the others have their low
/// four bits in bytes 8 - 11 (scale low, minimum high) and their high two above the first ones.
final class SixBits {
  private SixBits() {}

  static int scale(MemorySegment data, long at, int sub) {
    return sub < 4
        ? Stored.int8(data, at + sub) & 0x3F
        : (Stored.int8(data, at + 4 + sub) & 0xF) | (Stored.int8(data, at + sub - 4) >> 2 & 0x30);
  }

  static int minimum(MemorySegment data, long at, int sub) {
    return sub < 4
        ? Stored.int8(data, at + 4 + sub) & 0x3F
        : (Stored.int8(data, at + 4 + sub) >> 4 & 0xF) | (Stored.int8(data, at + sub) >> 2 & 0x30);
  }
}
