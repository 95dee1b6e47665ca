package ringfence.node.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CacheFolderTest {

  @Test
  void thePropertyThenTheVariableThenTheUsersCacheCount() {
    Map<String, String> all =
        Map.of("RINGFENCE_CACHE", "/own", "XDG_CACHE_HOME", "/xdg", "HOME", "/home/a");
    assertThat(CacheFolder.of("/property", all)).isEqualTo(Path.of("/property"));
    assertThat(CacheFolder.of(" ", all)).isEqualTo(Path.of("/own"));
    assertThat(CacheFolder.of(null, Map.of("XDG_CACHE_HOME", "/xdg", "HOME", "/home/a")))
        .isEqualTo(Path.of("/xdg/ringfence"));
    assertThat(CacheFolder.of(null, Map.of("HOME", "/home/a")))
        .isEqualTo(Path.of("/home/a/.cache/ringfence"));
  }
}
