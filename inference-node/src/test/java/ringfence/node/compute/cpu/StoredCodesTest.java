package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
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
    StoredRow row = new StoredRow(read.scales(), columns);
    read.read(stored, 5, columns, row);
    MemorySegment tile = Arena.ofAuto().allocate(read.scales().bytes(columns));
    int lane = Lanes.TILE - 2;
    read.scales().pack(row, 0, columns, tile, 0, lane);
    int block = read.layout().blockColumns();
    float[] numbers = new float[columns / block * read.scales().stride()];
    read.scales().unpack(tile, 0, columns, numbers);

    for (int i = 0; i < columns; i++) {
      int at = i / block * read.scales().stride() + lane;
      int code = (row.codes[i] & 0xFF) + read.bias();
      float offset = read.scales().hasOffsets() ? numbers[at + Lanes.TILE] : 0;
      assertThat(numbers[at] * code + offset).as("%s, number %d", type, i).isEqualTo(expected[i]);
    }
  }
}
