package ringfence.node.compute.vulkan.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheFileTest {
  private static final byte[] BYTES = {1, 2, 3, 4, 5};
  @TempDir private Path folder;

  private CacheFile open() {
    return new CacheFile(folder.resolve("deeper").resolve("cache"));
  }

  @Test
  void whatIsWrittenIsReadAgain() {
    assertThat(open().read()).isEmpty();
    open().write(BYTES);
    assertThat(open().read()).containsExactly(BYTES);
    open().write(new byte[] {9});
    assertThat(open().read()).containsExactly(9);
  }

  @Test
  void aDamagedFileIsAsGoodAsNone() throws IOException {
    open().write(BYTES);
    Path file = folder.resolve("deeper").resolve("cache");
    byte[] sound = Files.readAllBytes(file);
    for (int i = 0; i < sound.length; i++) {
      byte[] damaged = sound.clone();
      damaged[i] ^= 1;
      Files.write(file, damaged);
      assertThat(open().read()).as("byte " + i).isEmpty();
    }
    Files.write(file, java.util.Arrays.copyOf(sound, sound.length - 1));
    assertThat(open().read()).isEmpty();
    Files.write(file, new byte[3]);
    assertThat(open().read()).isEmpty();
  }

  @Test
  void nothingIsLeftBesideIt() throws IOException {
    open().write(BYTES);
    try (var files = Files.list(folder.resolve("deeper"))) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void aFolderThatCantBeMadeCostsNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("plain"), "a file, no folder");
    CacheFile cache = new CacheFile(file.resolve("cache"));
    cache.write(BYTES);
    assertThat(cache.read()).isEmpty();
    assertThat(file).hasContent("a file, no folder");
  }
}
