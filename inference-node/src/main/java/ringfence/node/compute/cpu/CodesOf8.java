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

/// Codes from 0 to 255, four in an int, 32 to a scale; otherwise as [CodesOf4].
final class CodesOf8 implements CodeLayout {
  private static final int IN_INT = 4;

  /// A vector of masks for each place but the highest.
  private static final int[] MASKS = new int[(IN_INT - 1) * COUNT];

  static {
    for (int i = 0; i < MASKS.length; i++) {
      MASKS[i] = 0xFF << (8 * (i / COUNT));
    }
  }

  @Override
  public int blockColumns() {
    return 32;
  }

  @Override
  public int blockInts() {
    return 8;
  }

  @Override
  public float factor(int column) {
    int place = column % IN_INT;
    return place < IN_INT - 1 ? 1f / (1 << (8 * place)) : 1;
  }

  @Override
  public int packed(byte[] codes, int at, int index) {
    int packed = 0;
    for (int place = 0; place < IN_INT; place++) {
      packed |= (codes[at + IN_INT * index + place] & 0xFF) << (8 * place);
    }
    return packed;
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
      int stop = column + 32;
      while (column != stop) {
        IntVector v0 = IntVector.fromMemorySegment(INTS, tile, at, ORDER);
        IntVector v1 = IntVector.fromMemorySegment(INTS, tile, at + Lanes.BYTES, ORDER);
        IntVector v2 = IntVector.fromMemorySegment(INTS, tile, at + 2L * Lanes.BYTES, ORDER);
        IntVector v3 = IntVector.fromMemorySegment(INTS, tile, at + 3L * Lanes.BYTES, ORDER);
        FloatVector token;
        int mask = 0;
        while (mask != MASKS.length) {
          IntVector cut = IntVector.fromArray(INTS, MASKS, mask);
          token = FloatVector.broadcast(FLOATS, x[column]);
          sum0 = ((FloatVector) v0.and(cut).convert(I2F, 0)).fma(token, sum0);
          sum1 = ((FloatVector) v1.and(cut).convert(I2F, 0)).fma(token, sum1);
          sum2 = ((FloatVector) v2.and(cut).convert(I2F, 0)).fma(token, sum2);
          sum3 = ((FloatVector) v3.and(cut).convert(I2F, 0)).fma(token, sum3);
          mask += COUNT;
          column++;
        }
        token = FloatVector.broadcast(FLOATS, x[column]);
        sum0 = ((FloatVector) v0.lanewise(LSHR, 24).convert(I2F, 0)).fma(token, sum0);
        sum1 = ((FloatVector) v1.lanewise(LSHR, 24).convert(I2F, 0)).fma(token, sum1);
        sum2 = ((FloatVector) v2.lanewise(LSHR, 24).convert(I2F, 0)).fma(token, sum2);
        sum3 = ((FloatVector) v3.lanewise(LSHR, 24).convert(I2F, 0)).fma(token, sum3);
        column++;
        at += INT_BYTES;
      }
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
      for (int vector = 0; vector < 8 * 4; vector++) {
        IntVector v = IntVector.fromMemorySegment(INTS, tile, at, ORDER);
        int out = to + vector % 4 * COUNT;
        ((FloatVector) v.and(0xFF).convert(I2F, 0)).intoArray(panel, out);
        ((FloatVector) v.and(0xFF << 8).convert(I2F, 0)).intoArray(panel, out + TILE);
        ((FloatVector) v.and(0xFF << 16).convert(I2F, 0)).intoArray(panel, out + 2 * TILE);
        ((FloatVector) v.lanewise(LSHR, 24).convert(I2F, 0)).intoArray(panel, out + 3 * TILE);
        at += Lanes.BYTES;
        to += vector % 4 == 3 ? IN_INT * TILE : 0;
      }
    }
  }
}
