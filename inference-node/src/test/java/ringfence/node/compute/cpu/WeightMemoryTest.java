package ringfence.node.compute.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {

  @Test
  void segmentsAreZeroAlignedApartAndGoneAfterwards() {
    long[] sizes = {1, 100, 4096, 3 << 20, 65 << 20, 64, 63 << 20, 1 << 20};
    List<MemorySegment> segments = new ArrayList<>();
    try (WeightMemory memory = new WeightMemory()) {
      for (long size : sizes) {
        MemorySegment segment = memory.allocate(size, 64);
        assertThat(segment.byteSize()).isEqualTo(size);
        assertThat(segment.address() % 64).isZero();
        assertThat(segment.get(ValueLayout.JAVA_BYTE, 0)).isZero();
        assertThat(segment.get(ValueLayout.JAVA_BYTE, size - 1)).isZero();
        segments.add(segment);
      }
      for (int i = 0; i < sizes.length; i++) {
        segments.get(i).set(ValueLayout.JAVA_BYTE, 0, (byte) (i + 1));
        segments.get(i).set(ValueLayout.JAVA_BYTE, sizes[i] - 1, (byte) (i + 1));
      }
      for (int i = 0; i < sizes.length; i++) {
        assertThat(segments.get(i).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) (i + 1));
        assertThat(segments.get(i).get(ValueLayout.JAVA_BYTE, sizes[i] - 1))
            .isEqualTo((byte) (i + 1));
      }
    }
    assertThatThrownBy(() -> segments.getFirst().get(ValueLayout.JAVA_BYTE, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
