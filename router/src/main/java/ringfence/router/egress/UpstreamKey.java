package ringfence.router.egress;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.document.Upstream.Secret;

/// Reads an upstream's key where the policy says that it is, each time anew, so that a changed file
/// counts at once.
final class UpstreamKey {
  private static final int MOST_BYTES = 16 << 10;

  private UpstreamKey() {}

  /// The key; null: none is sent.
  ///
  /// @throws IOException when it can't be used; the message has nothing of it
  static @Nullable String read(Secret secret) throws IOException {
    return switch (secret) {
      case Secret.None() -> null;
      case Secret.InFile(Path file) -> {
        if (Files.size(file) > MOST_BYTES) {
          throw new IOException("the file " + file + " is too large for a key");
        }
        yield checked(Files.readString(file, StandardCharsets.UTF_8), "the file " + file);
      }
      case Secret.InEnvironment(String variable) ->
          checked(System.getenv(variable), "the environment variable " + variable);
    };
  }

  private static String checked(@Nullable String read, String where) throws IOException {
    String key = read == null ? "" : read.strip();
    if (key.isEmpty()) {
      throw new IOException(where + " holds no key");
    }
    if (key.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
      throw new IOException(where + " holds more than one word of ASCII");
    }
    return key;
  }
}
