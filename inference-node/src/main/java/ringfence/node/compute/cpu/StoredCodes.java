package ringfence.node.compute.cpu;

import java.lang.foreign.MemorySegment;
import ringfence.node.gguf.TensorType;

/// Rows of a tensor as whole numbers: `weight = scale * (code + bias) + offset`, with a scale and
/// an offset to each block of columns. That is what the file's formats are, so nothing is rounded.
///
/// @param bias added to every code: codes count from 0 here, and from below 0 in some formats
record StoredCodes(TensorType type, CodeLayout layout, ScaleLayout scales, int bias) {

  /// Whether a type is made of such codes, in a width that [CodeLayout] has.
  static boolean has(TensorType type) {
    return switch (type) {
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K -> true;
      case F32, F16, BF16, Q2_K, Q3_K, IQ4_NL, IQ4_XS, MXFP4 -> false;
    };
  }

  static StoredCodes of(TensorType type) {
    return switch (type) {
      case Q8_0 -> new StoredCodes(type, new CodesOf8(), ScaleLayout.SCALES, -128);
      case Q4_0 -> new StoredCodes(type, new CodesOf4(), ScaleLayout.SCALES, -8);
      case Q5_0 -> new StoredCodes(type, new CodesOf5(), ScaleLayout.SCALES, -16);
      case Q4_1 -> new StoredCodes(type, new CodesOf4(), ScaleLayout.SCALES_AND_OFFSETS, 0);
      case Q5_1 -> new StoredCodes(type, new CodesOf5(), ScaleLayout.SCALES_AND_OFFSETS, 0);
      case Q4_K -> new StoredCodes(type, new CodesOf4(), ScaleLayout.PRODUCTS_WITH_OFFSETS, 0);
      case Q5_K -> new StoredCodes(type, new CodesOf5(), ScaleLayout.PRODUCTS_WITH_OFFSETS, 0);
      case Q6_K -> new StoredCodes(type, new CodesOf6(), ScaleLayout.PRODUCTS, -32);
      case F32, F16, BF16, Q2_K, Q3_K, IQ4_NL, IQ4_XS, MXFP4 ->
          throw new IllegalArgumentException(type + " has no codes");
    };
  }

  /// Reads a row.
  ///
  /// @param at where the row starts in the file's bytes
  /// @param columns a multiple of the type's block size
  void read(MemorySegment data, long at, int columns, StoredRow row) {
    int size = type.blockSize();
    for (int column = 0; column < columns; column += size, at += type.blockBytes()) {
      int block = column / size;
      switch (type) {
        case Q8_0 -> {
          row.smalls[block] = data.get(Stored.SHORT, at);
          for (int i = 0; i < 32; i++) {
            row.codes[column + i] = (byte) (Stored.int8(data, at + 2 + i) + 128);
          }
        }
        case Q4_0 -> {
          row.smalls[block] = data.get(Stored.SHORT, at);
          small(data, at + 2, 0, row.codes, column);
        }
        case Q4_1 -> {
          row.smalls[2 * block] = data.get(Stored.SHORT, at);
          row.smalls[2 * block + 1] = data.get(Stored.SHORT, at + 2);
          small(data, at + 4, 0, row.codes, column);
        }
        case Q5_0 -> {
          row.smalls[block] = data.get(Stored.SHORT, at);
          small(data, at + 6, Stored.int32(data, at + 2), row.codes, column);
        }
        case Q5_1 -> {
          row.smalls[2 * block] = data.get(Stored.SHORT, at);
          row.smalls[2 * block + 1] = data.get(Stored.SHORT, at + 2);
          small(data, at + 8, Stored.int32(data, at + 4), row.codes, column);
        }
        case Q4_K -> {
          sixBitScales(data, at, block, row);
          nibbles(data, at + 16, row.codes, column);
        }
        case Q5_K -> {
          sixBitScales(data, at, block, row);
          nibbles(data, at + 48, row.codes, column);
          for (int sub = 0; sub < 8; sub++) {
            for (int i = 0; i < 32; i++) {
              int fifth = Stored.int8(data, at + 16 + i) >> sub & 1;
              row.codes[column + 32 * sub + i] += (byte) (fifth << 4);
            }
          }
        }
        case Q6_K -> q6k(data, at, block, row, column);
        case F32, F16, BF16, Q2_K, Q3_K, IQ4_NL, IQ4_XS, MXFP4 ->
            throw new IllegalStateException("no such object is made");
      }
    }
  }

  /// 32 codes: byte i has the nibbles of numbers i and i + 16; bit i of `fifth` is number i's.
  private static void small(MemorySegment data, long at, int fifth, byte[] codes, int to) {
    for (int i = 0; i < 16; i++) {
      int both = Stored.int8(data, at + i) & 0xFF;
      codes[to + i] = (byte) ((both & 15) | (fifth >>> i & 1) << 4);
      codes[to + 16 + i] = (byte) (both >>> 4 | (fifth >>> (16 + i) & 1) << 4);
    }
  }

  private static void sixBitScales(MemorySegment data, long at, int block, StoredRow row) {
    row.larges[2 * block] = Stored.half(data, at);
    row.larges[2 * block + 1] = -Stored.half(data, at + 2);
    long scales = SixBits.scales(data, at);
    long minima = SixBits.minima(data, at);
    for (int sub = 0; sub < 8; sub++) {
      long both = (scales >>> (8 * sub) & 0xFF) | (minima >>> (8 * sub) & 0xFF) << 8;
      row.smalls[8 * block + sub] = (short) both;
    }
  }

  /// 256 nibbles: 32 bytes hold one sub-block of 32 (low) and the next (high).
  private static void nibbles(MemorySegment data, long at, byte[] codes, int to) {
    for (int pair = 0; pair < 4; pair++) {
      for (int i = 0; i < 32; i++) {
        int both = Stored.int8(data, at + 32L * pair + i) & 0xFF;
        codes[to + 64 * pair + i] = (byte) (both & 15);
        codes[to + 64 * pair + 32 + i] = (byte) (both >>> 4);
      }
    }
  }

  /// [FormatQ6K] says where everything is.
  private static void q6k(MemorySegment data, long at, int block, StoredRow row, int to) {
    row.larges[block] = Stored.half(data, at + 208);
    for (int pair = 0; pair < 8; pair++) {
      row.smalls[8 * block + pair] = data.get(Stored.SHORT, at + 192 + 2L * pair);
    }
    for (int sub = 0; sub < 16; sub++) {
      int half = sub / 8;
      int quarter = sub % 8 / 2;
      long nibbles = at + 64L * half + 32L * (quarter % 2) + 16L * (sub % 2);
      long pairs = at + 128 + 32L * half + 16L * (sub % 2);
      for (int i = 0; i < 16; i++) {
        int low = Stored.int8(data, nibbles + i) >>> (quarter / 2 * 4) & 15;
        int high = Stored.int8(data, pairs + i) >>> (2 * quarter) & 3;
        row.codes[to + 16 * sub + i] = (byte) (low | high << 4);
      }
    }
  }
}
