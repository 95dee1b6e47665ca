package ringfence.node.cache;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The folder for models, digests and compiled pipelines: `ringfence.cache` (system property), then
/// `RINGFENCE_CACHE`, then `ringfence` in the user's cache folder.
public final class CacheFolder {

  private CacheFolder() {}

  /// The user's own.
  public static Path ofUser() {
    return of(System.getProperty("ringfence.cache"), System.getenv());
  }

  static Path of(@Nullable String property, Map<String, String> environment) {
    if (property != null && !property.isBlank()) {
      return Path.of(property);
    }
    String own = environment.getOrDefault("RINGFENCE_CACHE", "");
    if (!own.isBlank()) {
      return Path.of(own);
    }
    String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
    String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
    Path base = xdg.isBlank() ? Path.of(home, ".cache") : Path.of(xdg);
    return base.resolve("ringfence");
  }
}
