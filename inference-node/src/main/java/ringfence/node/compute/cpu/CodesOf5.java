package ringfence.node.compute.cpu;

import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.FLOATS;
import static ringfence.node.compute.cpu.Lanes.INTS;
import static ringfence.node.compute.cpu.Lanes.TILE;
import static ringfence.node.compute.cpu.Stored.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// Codes from 0 to 31, six in the low 30 bits of an int as in [CodesOf4], 32 to a scale. Five ints
/// hold thirty of them and, in their two spare bits, codes 30 (2 + 2 + 1 bits, from int 0 on) and
/// 31 (1 + 2 + 2 bits, from int 2 on).
final class CodesOf5 implements CodeLayout {
  private static final int IN_INT = 6;
  private static final int WHOLE = 5 * IN_INT;

  /// A vector of masks for each place.
  private static final int[] MASKS = new int[IN_INT * COUNT];

  static {
    for (int i = 0; i < MASKS.length; i++) {
      MASKS[i] = 0x1F << (5 * (i / COUNT));
    }
  }

  @Override
  public int blockColumns() {
    return 32;
  }

  @Override
  public int blockInts() {
    return 5;
  }

  @Override
  public float factor(int column) {
    int inBlock = column % 32;
    return 1f / (1 << (5 * (inBlock % IN_INT)));
  }

  @Override
  public int packed(byte[] codes, int at, int index) {
    int packed = 0;
    for (int place = 0; place < IN_INT; place++) {
      packed |= codes[at + IN_INT * index + place] << (5 * place);
    }
    int last = codes[at + WHOLE] | codes[at + WHOLE + 1] << 5;
    return packed | (last >>> (8 - 2 * index) & 3) << 30;
  }

  @Override
  public void dot(
      MemorySegment tile,
      long at,
      int columns,
      float[] x,
      int xAt,
      float[] sums,
      int sumsAt,
      float bias,
      float[] scales,
      int scaleStride,
      float[] totals) {
    FloatVector total0 = FloatVector.fromArray(FLOATS, totals, 0);
    FloatVector total1 = FloatVector.fromArray(FLOATS, totals, 1 * COUNT);
    FloatVector total2 = FloatVector.fromArray(FLOATS, totals, 2 * COUNT);
    FloatVector total3 = FloatVector.fromArray(FLOATS, totals, 3 * COUNT);
    int column = xAt;
    int end = xAt + columns;
    int block = sumsAt;
    int scale = 0;
    while (column != end) {
      FloatVector start = FloatVector.broadcast(FLOATS, bias * sums[block++]);
      FloatVector sum0 = start;
      FloatVector sum1 = start;
      FloatVector sum2 = start;
      FloatVector sum3 = start;
      FloatVector token;
      IntVector spare0 = IntVector.zero(INTS);
      IntVector spare1 = IntVector.zero(INTS);
      IntVector spare2 = IntVector.zero(INTS);
      IntVector spare3 = IntVector.zero(INTS);
      int stop = column + WHOLE;
      while (column != stop) {
        IntVector v0 = IntVector.fromMemorySegment(INTS, tile, at, ORDER);
        IntVector v1 = IntVector.fromMemorySegment(INTS, tile, at + Lanes.BYTES, ORDER);
        IntVector v2 = IntVector.fromMemorySegment(INTS, tile, at + 2L * Lanes.BYTES, ORDER);
        IntVector v3 = IntVector.fromMemorySegment(INTS, tile, at + 3L * Lanes.BYTES, ORDER);
        spare0 = spare0.lanewise(LSHL, 2).or(v0.lanewise(LSHR, 30));
        spare1 = spare1.lanewise(LSHL, 2).or(v1.lanewise(LSHR, 30));
        spare2 = spare2.lanewise(LSHL, 2).or(v2.lanewise(LSHR, 30));
        spare3 = spare3.lanewise(LSHL, 2).or(v3.lanewise(LSHR, 30));
        int mask = 0;
        while (mask != MASKS.length) {
          IntVector cut = IntVector.fromArray(INTS, MASKS, mask);
          token = FloatVector.broadcast(FLOATS, x[column]);
          sum0 = ((FloatVector) v0.and(cut).convert(I2F, 0)).fma(token, sum0);
          sum1 = ((FloatVector) v1.and(cut).convert(I2F, 0)).fma(token, sum1);
          sum2 = ((FloatVector) v2.and(cut).convert(I2F, 0)).fma(token, sum2);
          sum3 = ((FloatVector) v3.and(cut).convert(I2F, 0)).fma(token, sum3);
          IntVector next = IntVector.fromArray(INTS, MASKS, mask + COUNT);
          token = FloatVector.broadcast(FLOATS, x[column + 1]);
          sum0 = ((FloatVector) v0.and(next).convert(I2F, 0)).fma(token, sum0);
          sum1 = ((FloatVector) v1.and(next).convert(I2F, 0)).fma(token, sum1);
          sum2 = ((FloatVector) v2.and(next).convert(I2F, 0)).fma(token, sum2);
          sum3 = ((FloatVector) v3.and(next).convert(I2F, 0)).fma(token, sum3);
          IntVector third = IntVector.fromArray(INTS, MASKS, mask + 2 * COUNT);
          token = FloatVector.broadcast(FLOATS, x[column + 2]);
          sum0 = ((FloatVector) v0.and(third).convert(I2F, 0)).fma(token, sum0);
          sum1 = ((FloatVector) v1.and(third).convert(I2F, 0)).fma(token, sum1);
          sum2 = ((FloatVector) v2.and(third).convert(I2F, 0)).fma(token, sum2);
          sum3 = ((FloatVector) v3.and(third).convert(I2F, 0)).fma(token, sum3);
          mask += 3 * COUNT;
          column += 3;
        }
        at += INT_BYTES;
      }
      token = FloatVector.broadcast(FLOATS, x[column]);
      sum0 = ((FloatVector) spare0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) spare1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) spare2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) spare3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 1]);
      sum0 = ((FloatVector) spare0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) spare1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) spare2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) spare3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      column += 2;
      total0 = FloatVector.fromArray(FLOATS, scales, scale).fma(sum0, total0);
      total1 = FloatVector.fromArray(FLOATS, scales, scale + COUNT).fma(sum1, total1);
      total2 = FloatVector.fromArray(FLOATS, scales, scale + 2 * COUNT).fma(sum2, total2);
      total3 = FloatVector.fromArray(FLOATS, scales, scale + 3 * COUNT).fma(sum3, total3);
      scale += scaleStride;
    }
    total0.intoArray(totals, 0);
    total1.intoArray(totals, 1 * COUNT);
    total2.intoArray(totals, 2 * COUNT);
    total3.intoArray(totals, 3 * COUNT);
  }

  @Override
  public void unpack(MemorySegment tile, long at, int blocks, float[] panel) {
    int to = 0;
    for (int block = 0; block < blocks; block++) {
      for (int group = 0; group < 4; group++) {
        long from = at + (long) group * Lanes.BYTES;
        int out = to + group * COUNT;
        IntVector a = IntVector.fromMemorySegment(INTS, tile, from, ORDER);
        IntVector b = IntVector.fromMemorySegment(INTS, tile, from + INT_BYTES, ORDER);
        IntVector c = IntVector.fromMemorySegment(INTS, tile, from + 2L * INT_BYTES, ORDER);
        IntVector d = IntVector.fromMemorySegment(INTS, tile, from + 3L * INT_BYTES, ORDER);
        IntVector e = IntVector.fromMemorySegment(INTS, tile, from + 4L * INT_BYTES, ORDER);
        for (int place = 0; place < IN_INT; place++) {
          int mask = 0x1F << (5 * place);
          int row = out + place * TILE;
          ((FloatVector) a.and(mask).convert(I2F, 0)).intoArray(panel, row);
          ((FloatVector) b.and(mask).convert(I2F, 0)).intoArray(panel, row + IN_INT * TILE);
          ((FloatVector) c.and(mask).convert(I2F, 0)).intoArray(panel, row + 2 * IN_INT * TILE);
          ((FloatVector) d.and(mask).convert(I2F, 0)).intoArray(panel, row + 3 * IN_INT * TILE);
          ((FloatVector) e.and(mask).convert(I2F, 0)).intoArray(panel, row + 4 * IN_INT * TILE);
        }
        IntVector spare =
            a.lanewise(LSHR, 30)
                .lanewise(LSHL, 2)
                .or(b.lanewise(LSHR, 30))
                .lanewise(LSHL, 2)
                .or(c.lanewise(LSHR, 30))
                .lanewise(LSHL, 2)
                .or(d.lanewise(LSHR, 30))
                .lanewise(LSHL, 2)
                .or(e.lanewise(LSHR, 30));
        ((FloatVector) spare.and(0x1F).convert(I2F, 0)).intoArray(panel, out + WHOLE * TILE);
        ((FloatVector) spare.and(0x1F << 5).convert(I2F, 0))
            .intoArray(panel, out + (WHOLE + 1) * TILE);
      }
      at += 5L * INT_BYTES;
      to += 32 * TILE;
    }
  }
}
