package ringfence.node.compute.cpu;

import static jdk.incubator.vector.VectorOperators.I2F;
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
    return inBlock < WHOLE ? 1f / (1 << (5 * (inBlock % IN_INT))) : 1;
  }

  @Override
  public int packed(byte[] codes, int at, int index) {
    int packed = 0;
    for (int place = 0; place < IN_INT; place++) {
      packed |= codes[at + IN_INT * index + place] << (5 * place);
    }
    int last = codes[at + WHOLE] | codes[at + WHOLE + 1] << 5;
    return packed | (last >>> (2 * index) & 3) << 30;
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
      IntVector a0 = IntVector.fromMemorySegment(INTS, tile, at, ORDER);
      IntVector a1 = IntVector.fromMemorySegment(INTS, tile, at + Lanes.BYTES, ORDER);
      IntVector a2 = IntVector.fromMemorySegment(INTS, tile, at + 2L * Lanes.BYTES, ORDER);
      IntVector a3 = IntVector.fromMemorySegment(INTS, tile, at + 3L * Lanes.BYTES, ORDER);
      token = FloatVector.broadcast(FLOATS, x[column]);
      sum0 = ((FloatVector) a0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 1]);
      sum0 = ((FloatVector) a0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 2]);
      sum0 = ((FloatVector) a0.and(0x1F << 10).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F << 10).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F << 10).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F << 10).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 3]);
      sum0 = ((FloatVector) a0.and(0x1F << 15).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F << 15).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F << 15).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F << 15).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 4]);
      sum0 = ((FloatVector) a0.and(0x1F << 20).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F << 20).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F << 20).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F << 20).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 5]);
      sum0 = ((FloatVector) a0.and(0x1F << 25).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) a1.and(0x1F << 25).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) a2.and(0x1F << 25).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) a3.and(0x1F << 25).convert(I2F, 0)).fma(token, sum3);
      IntVector b0 = IntVector.fromMemorySegment(INTS, tile, at + INT_BYTES, ORDER);
      IntVector b1 = IntVector.fromMemorySegment(INTS, tile, at + INT_BYTES + Lanes.BYTES, ORDER);
      IntVector b2 =
          IntVector.fromMemorySegment(INTS, tile, at + INT_BYTES + 2L * Lanes.BYTES, ORDER);
      IntVector b3 =
          IntVector.fromMemorySegment(INTS, tile, at + INT_BYTES + 3L * Lanes.BYTES, ORDER);
      token = FloatVector.broadcast(FLOATS, x[column + 6]);
      sum0 = ((FloatVector) b0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 7]);
      sum0 = ((FloatVector) b0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 8]);
      sum0 = ((FloatVector) b0.and(0x1F << 10).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F << 10).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F << 10).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F << 10).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 9]);
      sum0 = ((FloatVector) b0.and(0x1F << 15).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F << 15).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F << 15).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F << 15).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 10]);
      sum0 = ((FloatVector) b0.and(0x1F << 20).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F << 20).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F << 20).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F << 20).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 11]);
      sum0 = ((FloatVector) b0.and(0x1F << 25).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) b1.and(0x1F << 25).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) b2.and(0x1F << 25).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) b3.and(0x1F << 25).convert(I2F, 0)).fma(token, sum3);
      IntVector c0 = IntVector.fromMemorySegment(INTS, tile, at + 2L * INT_BYTES, ORDER);
      IntVector c1 =
          IntVector.fromMemorySegment(INTS, tile, at + 2L * INT_BYTES + Lanes.BYTES, ORDER);
      IntVector c2 =
          IntVector.fromMemorySegment(INTS, tile, at + 2L * INT_BYTES + 2L * Lanes.BYTES, ORDER);
      IntVector c3 =
          IntVector.fromMemorySegment(INTS, tile, at + 2L * INT_BYTES + 3L * Lanes.BYTES, ORDER);
      token = FloatVector.broadcast(FLOATS, x[column + 12]);
      sum0 = ((FloatVector) c0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 13]);
      sum0 = ((FloatVector) c0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 14]);
      sum0 = ((FloatVector) c0.and(0x1F << 10).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F << 10).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F << 10).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F << 10).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 15]);
      sum0 = ((FloatVector) c0.and(0x1F << 15).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F << 15).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F << 15).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F << 15).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 16]);
      sum0 = ((FloatVector) c0.and(0x1F << 20).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F << 20).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F << 20).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F << 20).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 17]);
      sum0 = ((FloatVector) c0.and(0x1F << 25).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) c1.and(0x1F << 25).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) c2.and(0x1F << 25).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) c3.and(0x1F << 25).convert(I2F, 0)).fma(token, sum3);
      IntVector d0 = IntVector.fromMemorySegment(INTS, tile, at + 3L * INT_BYTES, ORDER);
      IntVector d1 =
          IntVector.fromMemorySegment(INTS, tile, at + 3L * INT_BYTES + Lanes.BYTES, ORDER);
      IntVector d2 =
          IntVector.fromMemorySegment(INTS, tile, at + 3L * INT_BYTES + 2L * Lanes.BYTES, ORDER);
      IntVector d3 =
          IntVector.fromMemorySegment(INTS, tile, at + 3L * INT_BYTES + 3L * Lanes.BYTES, ORDER);
      token = FloatVector.broadcast(FLOATS, x[column + 18]);
      sum0 = ((FloatVector) d0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 19]);
      sum0 = ((FloatVector) d0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 20]);
      sum0 = ((FloatVector) d0.and(0x1F << 10).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F << 10).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F << 10).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F << 10).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 21]);
      sum0 = ((FloatVector) d0.and(0x1F << 15).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F << 15).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F << 15).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F << 15).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 22]);
      sum0 = ((FloatVector) d0.and(0x1F << 20).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F << 20).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F << 20).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F << 20).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 23]);
      sum0 = ((FloatVector) d0.and(0x1F << 25).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) d1.and(0x1F << 25).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) d2.and(0x1F << 25).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) d3.and(0x1F << 25).convert(I2F, 0)).fma(token, sum3);
      IntVector e0 = IntVector.fromMemorySegment(INTS, tile, at + 4L * INT_BYTES, ORDER);
      IntVector e1 =
          IntVector.fromMemorySegment(INTS, tile, at + 4L * INT_BYTES + Lanes.BYTES, ORDER);
      IntVector e2 =
          IntVector.fromMemorySegment(INTS, tile, at + 4L * INT_BYTES + 2L * Lanes.BYTES, ORDER);
      IntVector e3 =
          IntVector.fromMemorySegment(INTS, tile, at + 4L * INT_BYTES + 3L * Lanes.BYTES, ORDER);
      token = FloatVector.broadcast(FLOATS, x[column + 24]);
      sum0 = ((FloatVector) e0.and(0x1F).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 25]);
      sum0 = ((FloatVector) e0.and(0x1F << 5).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F << 5).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F << 5).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F << 5).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 26]);
      sum0 = ((FloatVector) e0.and(0x1F << 10).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F << 10).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F << 10).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F << 10).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 27]);
      sum0 = ((FloatVector) e0.and(0x1F << 15).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F << 15).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F << 15).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F << 15).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 28]);
      sum0 = ((FloatVector) e0.and(0x1F << 20).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F << 20).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F << 20).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F << 20).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 29]);
      sum0 = ((FloatVector) e0.and(0x1F << 25).convert(I2F, 0)).fma(token, sum0);
      sum1 = ((FloatVector) e1.and(0x1F << 25).convert(I2F, 0)).fma(token, sum1);
      sum2 = ((FloatVector) e2.and(0x1F << 25).convert(I2F, 0)).fma(token, sum2);
      sum3 = ((FloatVector) e3.and(0x1F << 25).convert(I2F, 0)).fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 30]);
      sum0 =
          ((FloatVector)
                  a0.lanewise(LSHR, 30)
                      .or(b0.lanewise(LSHR, 28).and(0xC))
                      .or(c0.lanewise(LSHR, 26).and(0x10))
                      .convert(I2F, 0))
              .fma(token, sum0);
      sum1 =
          ((FloatVector)
                  a1.lanewise(LSHR, 30)
                      .or(b1.lanewise(LSHR, 28).and(0xC))
                      .or(c1.lanewise(LSHR, 26).and(0x10))
                      .convert(I2F, 0))
              .fma(token, sum1);
      sum2 =
          ((FloatVector)
                  a2.lanewise(LSHR, 30)
                      .or(b2.lanewise(LSHR, 28).and(0xC))
                      .or(c2.lanewise(LSHR, 26).and(0x10))
                      .convert(I2F, 0))
              .fma(token, sum2);
      sum3 =
          ((FloatVector)
                  a3.lanewise(LSHR, 30)
                      .or(b3.lanewise(LSHR, 28).and(0xC))
                      .or(c3.lanewise(LSHR, 26).and(0x10))
                      .convert(I2F, 0))
              .fma(token, sum3);
      token = FloatVector.broadcast(FLOATS, x[column + 31]);
      sum0 =
          ((FloatVector)
                  c0.lanewise(LSHR, 31)
                      .or(d0.lanewise(LSHR, 29).and(6))
                      .or(e0.lanewise(LSHR, 27).and(0x18))
                      .convert(I2F, 0))
              .fma(token, sum0);
      sum1 =
          ((FloatVector)
                  c1.lanewise(LSHR, 31)
                      .or(d1.lanewise(LSHR, 29).and(6))
                      .or(e1.lanewise(LSHR, 27).and(0x18))
                      .convert(I2F, 0))
              .fma(token, sum1);
      sum2 =
          ((FloatVector)
                  c2.lanewise(LSHR, 31)
                      .or(d2.lanewise(LSHR, 29).and(6))
                      .or(e2.lanewise(LSHR, 27).and(0x18))
                      .convert(I2F, 0))
              .fma(token, sum2);
      sum3 =
          ((FloatVector)
                  c3.lanewise(LSHR, 31)
                      .or(d3.lanewise(LSHR, 29).and(6))
                      .or(e3.lanewise(LSHR, 27).and(0x18))
                      .convert(I2F, 0))
              .fma(token, sum3);
      column += 32;
      at += 5L * INT_BYTES;
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
        ((FloatVector)
                a.lanewise(LSHR, 30)
                    .or(b.lanewise(LSHR, 28).and(0xC))
                    .or(c.lanewise(LSHR, 26).and(0x10))
                    .convert(I2F, 0))
            .intoArray(panel, out + WHOLE * TILE);
        ((FloatVector)
                c.lanewise(LSHR, 31)
                    .or(d.lanewise(LSHR, 29).and(6))
                    .or(e.lanewise(LSHR, 27).and(0x18))
                    .convert(I2F, 0))
            .intoArray(panel, out + (WHOLE + 1) * TILE);
      }
      at += 5L * INT_BYTES;
      to += 32 * TILE;
    }
  }
}
