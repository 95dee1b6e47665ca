package ringfence.node.compute.cpu;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.S2I;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.INTS;
import static ringfence.node.compute.cpu.Lanes.TILE;
import static ringfence.node.compute.cpu.Stored.ORDER;
import static ringfence.node.compute.cpu.Stored.SHORTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// How a tile holds its weights' scales and offsets: in hardly more bits than the file, since
/// decoding is bound by the bytes it reads. For some columns there are first [#larges] float32
/// numbers a row for each 256 columns, then [#smalls] 16-bit ones a row for each 32, each for all
/// rows of the tile side by side.
///
/// [#unpack] is a kernel; [CodeLayout] has the rules.
enum ScaleLayout {
  /// A float16 scale for 32 columns.
  SCALES(0, 1),

  /// A float16 scale and a float16 offset for 32 columns.
  SCALES_AND_OFFSETS(0, 2),

  /// For 256 columns what the scales and what the offsets of 32 are multiplied with; those are
  /// bytes, the scale's the lower.
  PRODUCTS_WITH_OFFSETS(2, 1),

  /// For 256 columns what the scales of 16 are multiplied with; those are signed bytes, the lower
  /// one of the first 16 of 32.
  PRODUCTS(1, 1);

  private static final int LARGE_COLUMNS = 256;
  private static final int SMALL_COLUMNS = 32;

  /// Sign, and below it, after three zeros, exponent and mantissa of a half.
  private static final int HALF_AT_13 = 0x8FFFE000;

  /// float32 numbers a row for 256 columns.
  final int larges;

  /// 16-bit numbers a row for 32 columns.
  final int smalls;

  ScaleLayout(int larges, int smalls) {
    this.larges = larges;
    this.smalls = smalls;
  }

  boolean hasOffsets() {
    return this == SCALES_AND_OFFSETS || this == PRODUCTS_WITH_OFFSETS;
  }

  /// Numbers that [#unpack] writes from one block of columns to the next.
  int stride() {
    return hasOffsets() ? 2 * TILE : TILE;
  }

  int largesFor(int columns) {
    return larges * (columns / LARGE_COLUMNS);
  }

  int smallsFor(int columns) {
    return smalls * (columns / SMALL_COLUMNS);
  }

  /// Bytes for a tile's scales.
  long bytes(int columns) {
    return (long) TILE * (largesFor(columns) * Float.BYTES + smallsFor(columns) * Short.BYTES);
  }

  /// Writes one row's scales.
  ///
  /// @param column first of the row's that the scales are for
  void pack(StoredRow row, int column, int columns, MemorySegment tile, long at, int lane) {
    long to = at + (long) lane * Float.BYTES;
    int from = largesFor(column);
    for (int i = 0; i < largesFor(columns); i++, to += (long) TILE * Float.BYTES) {
      tile.set(Stored.FLOAT, to, row.larges[from + i]);
    }
    to -= (long) lane * Short.BYTES;
    from = smallsFor(column);
    for (int i = 0; i < smallsFor(columns); i++, to += (long) TILE * Short.BYTES) {
      tile.set(Stored.SHORT, to, row.smalls[from + i]);
    }
  }

  /// Writes `numbers[block][row]`, from block to block [#stride] numbers: scales, and behind each
  /// block's its offsets, where there are some.
  void unpack(MemorySegment tile, long at, int columns, float[] numbers) {
    switch (this) {
      case SCALES, SCALES_AND_OFFSETS -> halves(tile, at, smallsFor(columns) * TILE, numbers);
      case PRODUCTS_WITH_OFFSETS -> productsWithOffsets(tile, at, columns, numbers);
      case PRODUCTS -> products(tile, at, columns, numbers);
    }
  }

  /// A half's bits shifted to where a float's are are the half times 2^-112. Infinities would
  /// become numbers; [Tiles] takes no matrix that has some.
  private static void halves(MemorySegment tile, long at, int count, float[] numbers) {
    for (int i = 0; i < count; i += 2 * COUNT) {
      IntVector a =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, tile, at, ORDER).convertShape(S2I, INTS, 0);
      IntVector b =
          (IntVector)
              ShortVector.fromMemorySegment(SHORTS, tile, at + 2L * COUNT, ORDER)
                  .convertShape(S2I, INTS, 0);
      a.lanewise(VectorOperators.LSHL, 13)
          .and(HALF_AT_13)
          .reinterpretAsFloats()
          .mul(0x1p112f)
          .intoArray(numbers, i);
      b.lanewise(VectorOperators.LSHL, 13)
          .and(HALF_AT_13)
          .reinterpretAsFloats()
          .mul(0x1p112f)
          .intoArray(numbers, i + COUNT);
      at += 4L * COUNT;
    }
  }

  private static void productsWithOffsets(
      MemorySegment tile, long at, int columns, float[] numbers) {
    int larges = columns / LARGE_COLUMNS;
    long smallsAt = at + 2L * larges * TILE * Float.BYTES;
    for (int large = 0; large < larges; large++) {
      for (int lane = 0; lane < TILE; lane += COUNT) {
        long from = at + (2L * large * TILE + lane) * Float.BYTES;
        FloatVector scale = FloatVector.fromMemorySegment(FLOATS, tile, from, ORDER);
        FloatVector offset =
            FloatVector.fromMemorySegment(FLOATS, tile, from + (long) TILE * Float.BYTES, ORDER);
        long small = smallsAt + (8L * large * TILE + lane) * Short.BYTES;
        int to = 8 * large * 2 * TILE + lane;
        for (int block = 0; block < 8; block++) {
          IntVector both =
              (IntVector)
                  ShortVector.fromMemorySegment(SHORTS, tile, small, ORDER)
                      .convertShape(S2I, INTS, 0);
          ((FloatVector) both.and(0xFF).convert(I2F, 0)).mul(scale).intoArray(numbers, to);
          ((FloatVector) both.lanewise(VectorOperators.LSHR, 8).convert(I2F, 0))
              .mul(offset)
              .intoArray(numbers, to + TILE);
          small += (long) TILE * Short.BYTES;
          to += 2 * TILE;
        }
      }
    }
  }

  private static void products(MemorySegment tile, long at, int columns, float[] numbers) {
    int larges = columns / LARGE_COLUMNS;
    long smallsAt = at + (long) larges * TILE * Float.BYTES;
    for (int large = 0; large < larges; large++) {
      for (int lane = 0; lane < TILE; lane += COUNT) {
        FloatVector scale =
            FloatVector.fromMemorySegment(
                FLOATS, tile, at + ((long) large * TILE + lane) * Float.BYTES, ORDER);
        long small = smallsAt + (8L * large * TILE + lane) * Short.BYTES;
        int to = 16 * large * TILE + lane;
        for (int pair = 0; pair < 8; pair++) {
          IntVector both =
              (IntVector)
                  ShortVector.fromMemorySegment(SHORTS, tile, small, ORDER)
                      .convertShape(S2I, INTS, 0);
          ((FloatVector)
                  both.lanewise(VectorOperators.LSHL, 24)
                      .lanewise(VectorOperators.ASHR, 24)
                      .convert(I2F, 0))
              .mul(scale)
              .intoArray(numbers, to);
          ((FloatVector) both.lanewise(VectorOperators.ASHR, 8).convert(I2F, 0))
              .mul(scale)
              .intoArray(numbers, to + TILE);
          small += (long) TILE * Short.BYTES;
          to += 2 * TILE;
        }
      }
    }
  }
}
