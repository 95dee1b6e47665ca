package ringfence.node.compute.vulkan.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.TensorType;

class RepackerTest {

  @ParameterizedTest
  @EnumSource
  void keepsEveryNumberOfEveryShape(WeightFormat format) {
    for (int columns : new int[] {1, 7, 8, 13, 16, 33, 64, 257, 1000}) {
      for (int rows : new int[] {1, 8, 17, 33}) {
        check(format, rows, Math.ceilDiv(columns, format.type().blockSize()), rows + columns);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void padsWithZeros(WeightFormat format) {
    WeightLayout layout = new WeightLayout(format, 3, format.type().blockSize());
    UnpackedMatrix unpacked = new UnpackedMatrix(layout, packed(layout, 7));
    for (int row = 0; row < 16; row++) {
      for (int column = 0; column < 64; column++) {
        if (row >= layout.rows() || column >= layout.columns()) {
          assertThat(unpacked.at(row, column)).isZero();
        }
      }
    }
  }

  @Test
  void refusesColumnsThatAreNoWholeBlocks() {
    assertThatThrownBy(() -> new WeightLayout(WeightFormat.Q4_K, 4, 128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4 x 128");
  }

  @ParameterizedTest
  @EnumSource
  void aFormatHasTheNameOfItsTensorType(WeightFormat format) {
    assertThat(WeightFormat.of(format.type())).isEqualTo(format);
  }

  @ParameterizedTest
  @EnumSource
  void everyTensorTypeHasAFormat(TensorType type) {
    assertThat(WeightFormat.of(type).type()).isEqualTo(type);
  }

  private static void check(WeightFormat format, int rows, int blocks, long seed) {
    int columns = blocks * format.type().blockSize();
    WeightLayout layout = new WeightLayout(format, rows, columns);
    UnpackedMatrix unpacked = new UnpackedMatrix(layout, packed(layout, seed));
    float[] expected = new float[rows * columns];
    Dequantizer.row(
        format.type(),
        MemorySegment.ofArray(stored(layout, seed)),
        0,
        expected,
        0,
        expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Float.floatToRawIntBits(unpacked.at(i / columns, i % columns)))
          .as("row %d, column %d of %s", i / columns, i % columns, layout)
          .isEqualTo(Float.floatToRawIntBits(expected[i]));
    }
  }

  /// Packed a row of tiles at a time, in two runs that lie plane after plane, and put together.
  private static MemorySegment packed(WeightLayout layout, long seed) {
    Repacker repacker = new Repacker(layout, MemorySegment.ofArray(stored(layout, seed)));
    byte[] whole = new byte[Math.toIntExact(layout.bytes())];
    Arrays.fill(whole, (byte) 0x55);
    int tiles = layout.rowTiles();
    int split = (tiles + 1) / 2;
    for (int from = 0; from < tiles; from += split) {
      int count = Math.min(split, tiles - from);
      byte[] run = new byte[Math.toIntExact(layout.bytes(count))];
      for (int i = 0; i < count; i++) {
        repacker.pack(from + i, MemorySegment.ofArray(run), i, count);
      }
      int at = 0;
      for (Plane plane : Plane.values()) {
        int bytes = Math.toIntExact(layout.bytes(plane, count));
        long to = layout.offset(plane) + layout.bytes(plane, from);
        System.arraycopy(run, at, whole, Math.toIntExact(to), bytes);
        at += bytes;
      }
    }
    return MemorySegment.ofArray(whole);
  }

  private static byte[] stored(WeightLayout layout, long seed) {
    byte[] bytes =
        new byte
            [Math.toIntExact(
                layout.format().type().bytes((long) layout.rows() * layout.columns()))];
    new Random(seed).nextBytes(bytes);
    // No NaN, whose bits a product need not keep: the upper bits of every exponent are cleared.
    TensorType type = layout.format().type();
    for (int block = 0; block < bytes.length; block += type.blockBytes()) {
      switch (type) {
        case F32 -> bytes[block + 3] &= (byte) 0xBF;
        case BF16, F16, Q8_0, Q4_0, Q5_0, IQ4_NL, IQ4_XS -> bytes[block + 1] &= (byte) 0xBF;
        case Q4_1, Q5_1, Q4_K, Q5_K -> {
          bytes[block + 1] &= (byte) 0xBF;
          bytes[block + 3] &= (byte) 0xBF;
        }
        case Q6_K -> bytes[block + 209] &= (byte) 0xBF;
        case Q3_K -> bytes[block + 109] &= (byte) 0xBF;
        case Q2_K -> {
          bytes[block + 81] &= (byte) 0xBF;
          bytes[block + 83] &= (byte) 0xBF;
        }
        case MXFP4 -> {}
      }
    }
    return bytes;
  }
}
