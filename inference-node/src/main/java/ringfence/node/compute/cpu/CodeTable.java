package ringfence.node.compute.cpu;

import static ringfence.node.compute.cpu.Lanes.COUNT;
import static ringfence.node.compute.cpu.Stored.PARTS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/// What four-bit codes stand for in formats that are no straight line.
final class CodeTable {
  /// Of IQ4_NL and IQ4_XS.
  static final CodeTable NON_LINEAR =
      new CodeTable(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

  /// Of MXFP4: twice FP4 E2M1.
  static final CodeTable TWICE_E2M1 =
      new CodeTable(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

  private final ByteVector table;

  private CodeTable(int... numbers) {
    byte[] bytes = new byte[numbers.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) numbers[i];
    }
    table = ByteVector.fromArray(ByteVector.SPECIES_128, bytes, 0);
  }

  /// Writes `scale * table[code]` for 32 numbers: those of the low nibbles, then of the high ones.
  void unpack(ByteVector nibbles, float scale, float[] out, int at) {
    ByteVector low = nibbles.and((byte) 15).selectFrom(table);
    ByteVector high = nibbles.lanewise(VectorOperators.LSHR, 4).and((byte) 15).selectFrom(table);
    for (int part = 0; part < PARTS; part++) {
      int to = at + part * COUNT;
      Stored.floats(Stored.signed(low, part)).mul(scale).intoArray(out, to);
      Stored.floats(Stored.signed(high, part)).mul(scale).intoArray(out, to + 16);
    }
  }
}
