package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.node.gguf.Dequantizer;
import ringfence.node.gguf.TensorType;

class StoredCodesTest {

  @ParameterizedTest
  @EnumSource
  void scaleCodeAndOffsetMakeTheNumbersOfTheDequantizer(TensorType type) {
    if (!StoredCodes.has(type)) {
      return;
    }
    int columns = 3 * type.blockSize();
    MemorySegment stored =
        MemorySegment.ofArray(RandomBlocks.of(type, 3, 5, new Random(type.id())));
    float[] expected = new float[columns];
    Dequantizer.row(type, stored, 5, expected, 0, columns);

    StoredCodes read = StoredCodes.of(type);
    int block = read.layout.blockColumns();
    byte[] codes = new byte[columns];
    float[] scales = new float[columns / block];
    float[] offsets = new float[columns / block];
    read.read(stored, 5, columns, codes, scales, offsets);

    for (int i = 0; i < columns; i++) {
      int code = (codes[i] & 0xFF) + read.bias;
      assertThat(scales[i / block] * code + offsets[i / block])
          .as("%s, number %d", type, i)
          .isEqualTo(expected[i]);
    }
  }
}
