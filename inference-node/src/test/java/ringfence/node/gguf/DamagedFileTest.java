package ringfence.node.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import ringfence.node.catalogue.TestModel;
import ringfence.node.model.ModelLoader;

/// Whatever is done to a file's bytes, it either is read or is refused with a [GgufException], and
/// costs no memory out of proportion.
class DamagedFileTest {
  private static final List<String> FILES =
      List.of(
          "llama-rope3-q8_0.gguf", "qwen2-mixed.gguf", "qwen3-tied-q8_0.gguf", "gemma3-q4_0.gguf");

  /// A file and the length of its header.
  private record Whole(byte[] bytes, int header) {}

  private static final Map<String, Whole> CONTENTS = new ConcurrentHashMap<>();

  /// The values that lengths, counts and offsets go wrong with.
  private static final long[] EXTREMES = {
    0,
    1,
    31,
    0x7FFF_FFFFL,
    0x8000_0000L,
    0xFFFF_FFFFL,
    1L << 40,
    1L << 62,
    Long.MAX_VALUE,
    -1,
    Long.MIN_VALUE
  };

  private static final long ALLOWANCE = 2L << 20;

  @Test
  void aFileCutAtAnyByteOfItsHeaderIsRefused() {
    for (String name : FILES) {
      MemorySegment bytes = MemorySegment.ofArray(contents(name).bytes);
      for (int length = 0; length < contents(name).header; length++) {
        MemorySegment cut = bytes.asSlice(0, length);
        assertThatThrownBy(() -> GgufFile.parse(cut)).isInstanceOf(GgufException.class);
      }
    }
  }

  @Test
  void aFileCutAmongItsTensorsIsRefused() {
    for (String name : FILES) {
      byte[] whole = contents(name).bytes;
      for (int length = contents(name).header; length < whole.length - 32; length += 997) {
        MemorySegment cut = MemorySegment.ofArray(whole).asSlice(0, length);
        assertThatThrownBy(() -> GgufFile.parse(cut))
            .isInstanceOf(GgufException.class)
            .hasMessageContaining("cut short");
      }
    }
  }

  @Test
  void aRealFileCutAnywhereIsRefused() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment whole = map(arena);
      Random random = new Random(1);
      for (int i = 0; i < 100; i++) {
        MemorySegment cut = whole.asSlice(0, random.nextLong(1L << random.nextInt(1, 26)));
        assertThatThrownBy(() -> GgufFile.parse(cut)).isInstanceOf(GgufException.class);
      }
    }
  }

  @Property(tries = 1500)
  void randomBytesAnywhere(@ForAll("files") String name, @ForAll("bytes") List<Change> changes) {
    byte[] damaged = contents(name).bytes.clone();
    int header = contents(name).header;
    for (Change change : changes) {
      damaged[(int) (change.place * header)] = (byte) change.value;
    }
    isReadOrRefused(damaged);
  }

  @Property(tries = 1500)
  void extremeNumbersAnywhere(
      @ForAll("files") String name, @ForAll("extremes") List<Change> changes) {
    byte[] damaged = contents(name).bytes.clone();
    int header = contents(name).header;
    ByteBuffer buffer = ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN);
    for (Change change : changes) {
      buffer.putLong((int) (change.place * (header - Long.BYTES)), change.value);
    }
    isReadOrRefused(damaged);
  }

  @Property(tries = 500)
  void bytesThatAreNoFileAtAll(@ForAll byte[] noise) {
    byte[] damaged = new byte[8 + noise.length];
    System.arraycopy(contents(FILES.getFirst()).bytes, 0, damaged, 0, 8);
    System.arraycopy(noise, 0, damaged, 8, noise.length);
    isReadOrRefused(damaged);
  }

  /// A change at a place from 0 to 1.
  record Change(double place, long value) {}

  @Provide
  Arbitrary<String> files() {
    return Arbitraries.of(FILES);
  }

  @Provide
  Arbitrary<List<Change>> bytes() {
    return changes(Arbitraries.longs().between(0, 255));
  }

  @Provide
  Arbitrary<List<Change>> extremes() {
    return changes(Arbitraries.integers().between(0, EXTREMES.length - 1).map(i -> EXTREMES[i]));
  }

  private static Arbitrary<List<Change>> changes(Arbitrary<Long> values) {
    Arbitrary<Double> places =
        Arbitraries.integers().between(0, 999_999).withoutEdgeCases().map(i -> i / 1e6);
    return Combinators.combine(places, values).as(Change::new).list().ofMinSize(1).ofMaxSize(6);
  }

  private static void isReadOrRefused(byte[] file) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    try {
      ModelLoader.load(GgufFile.parse(MemorySegment.ofArray(file)));
    } catch (GgufException e) {
      assertThat(e).hasMessageNotContaining("null").message().isNotBlank().hasSizeLessThan(1000);
    }
    assertThat(threads.getCurrentThreadAllocatedBytes() - before)
        .isLessThan(8L * file.length + ALLOWANCE);
  }

  private static Whole contents(String name) {
    return CONTENTS.computeIfAbsent(
        name,
        file -> {
          try (InputStream in = DamagedFileTest.class.getResourceAsStream("/truth/tiny/" + file)) {
            byte[] bytes = in.readAllBytes();
            GgufFile parsed = GgufFile.parse(MemorySegment.ofArray(bytes));
            return new Whole(bytes, GgufBytes.copyOf(parsed).header().length);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private static MemorySegment map(Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(TestModel.SMOLLM2.file())) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }
}
