package ringfence.node.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The bytes and what PyPI `gguf` makes of them lie in `truth/dequant`: random blocks, and blocks
/// with every edge of float16 as scale and minimum.
class DequantizerTest {

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void equalsPyPiGgufBitForBit(TensorType type) throws IOException {
    byte[] stored = resource(type + ".bytes");
    IntBuffer expected =
        ByteBuffer.wrap(resource(type + ".f32")).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    int count = expected.remaining();
    float[] actual = new float[count];

    Dequantizer.row(type, MemorySegment.ofArray(stored), 0, actual, 0, count);

    for (int i = 0; i < count; i++) {
      assertThat(Float.floatToRawIntBits(actual[i]))
          .as("number %d of %s, %s", i, type, actual[i])
          .isEqualTo(expected.get(i));
    }
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void dequantisesFromAnyBlockToAnyPlace(TensorType type) throws IOException {
    MemorySegment stored = MemorySegment.ofArray(resource(type + ".bytes"));
    int block = type.blockSize();
    float[] all = new float[4 * block];
    Dequantizer.row(type, stored, 0, all, 0, all.length);

    float[] two = new float[2 * block + 5];
    Dequantizer.row(type, stored, type.blockBytes(), two, 5, 2 * block);

    assertThat(Arrays.copyOfRange(two, 5, two.length))
        .containsExactly(Arrays.copyOfRange(all, block, 3 * block));
  }

  @Test
  void refusesPartOfABlock() {
    MemorySegment block = MemorySegment.ofArray(new byte[34]);
    assertThatThrownBy(() -> Dequantizer.row(TensorType.Q8_0, block, 0, new float[32], 0, 31))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("31 numbers");
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = DequantizerTest.class.getResourceAsStream("/truth/dequant/" + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
