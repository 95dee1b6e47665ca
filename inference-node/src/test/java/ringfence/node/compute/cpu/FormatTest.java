package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.TensorType;

class FormatTest {

  @ParameterizedTest
  @EnumSource
  void givesTheBitsOfTheDequantizer(TensorType type) throws IOException {
    byte[] stored;
    try (InputStream in = getClass().getResourceAsStream("/truth/dequant/" + type + ".bytes")) {
      stored = Objects.requireNonNull(in).readAllBytes();
    }
    int count = stored.length / type.blockBytes() * type.blockSize();
    assertThat(unpack(type, stored, 0, count)).isEqualTo(dequantize(type, stored, 0, count));
  }

  @ParameterizedTest
  @EnumSource
  void writesAnyWholeNumberOfBlocksFromAnyByteAndNothingElse(TensorType type) {
    for (int length : new int[] {1, 7, 8, 13, 16, 33, 4097}) {
      int blocks = (length + type.blockSize() - 1) / type.blockSize();
      int offset = length % 5;
      byte[] stored = RandomBlocks.of(type, blocks, offset, new Random(length));
      int count = blocks * type.blockSize();
      assertThat(unpack(type, stored, offset, count))
          .as("%d numbers", count)
          .isEqualTo(dequantize(type, stored, offset, count));
    }
  }

  private static float[] unpack(TensorType type, byte[] stored, int offset, int count) {
    int before = 3;
    float[] out = new float[before + count + 2];
    Format.of(type).unpack(MemorySegment.ofArray(stored), offset, count, out, before);
    assertThat(Arrays.copyOf(out, before)).containsOnly(0);
    assertThat(Arrays.copyOfRange(out, before + count, out.length)).containsOnly(0);
    return Arrays.copyOfRange(out, before, before + count);
  }

  private static float[] dequantize(TensorType type, byte[] stored, int offset, int count) {
    float[] out = new float[count];
    Dequantizer.row(type, MemorySegment.ofArray(stored), offset, out, 0, count);
    return out;
  }
}
