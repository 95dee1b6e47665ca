package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Lanes.INTS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// Reads of little-endian file bytes into vectors. The formats' common unit is 16 bytes, which fill
/// [#PARTS] vectors of numbers.
final class Stored {
  /// Vectors that sixteen numbers fill.
  static final int PARTS = 16 / COUNT;

  static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ORDER);
  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

  /// As many 16-bit numbers as a vector has lanes.
  static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(COUNT * Short.SIZE));

  private Stored() {}

  static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }

  static void putHalf(MemorySegment data, long at, float value) {
    data.set(SHORT, at, Float.floatToFloat16(value));
  }

  static int int16(MemorySegment data, long at) {
    return data.get(SHORT, at);
  }

  /// The half in the lower 16 bits of two.
  static float lowerHalf(int two) {
    return Float.float16ToFloat((short) two);
  }

  /// The half in the upper 16 bits of two.
  static float upperHalf(int two) {
    return Float.float16ToFloat((short) (two >>> 16));
  }

  static int int32(MemorySegment data, long at) {
    return data.get(INT, at);
  }

  static long int64(MemorySegment data, long at) {
    return data.get(LONG, at);
  }

  static int int8(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at);
  }

  static ByteVector sixteen(MemorySegment data, long at) {
    return ByteVector.fromMemorySegment(ByteVector.SPECIES_128, data, at, ORDER);
  }

  /// One part of sixteen bytes, as numbers from 0 to 255.
  static IntVector unsigned(ByteVector bytes, int part) {
    return (IntVector) bytes.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, part);
  }

  /// One part of sixteen bytes, as numbers from -128 to 127.
  static IntVector signed(ByteVector bytes, int part) {
    return (IntVector) bytes.convertShape(VectorOperators.B2I, INTS, part);
  }

  static FloatVector floats(IntVector ints) {
    return (FloatVector) ints.convert(VectorOperators.I2F, 0);
  }

  /// [Lanes#COUNT] 16-bit numbers, in the low halves of ints.
  static IntVector shorts(MemorySegment data, long at) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, data, at, ORDER)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
  }

  /// IEEE 754 half precision to single: move exponent and mantissa to their places, then mend the
  /// exponent's bias with a multiplication, which is exact and mends subnormal numbers too.
  /// Infinities and NaNs keep the highest exponent.
  static FloatVector halves(IntVector bits) {
    IntVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
    IntVector scaled = magnitude.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
    IntVector special =
        scaled.lanewise(
            VectorOperators.OR, 0x7F800000, magnitude.compare(VectorOperators.GE, 0x7C00 << 13));
    return special.or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16)).reinterpretAsFloats();
  }
}
