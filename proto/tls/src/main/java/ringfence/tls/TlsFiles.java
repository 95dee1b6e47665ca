package ringfence.tls;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Where a process' certificates lie.
///
/// @param prefix of the settings' keys, such as `ringfence.router.tls`
/// @param revoked null: no certificate is
/// @param poll how often they are looked at
public record TlsFiles(
    String prefix,
    Path certificate,
    Path key,
    Path authorities,
    @Nullable Path revoked,
    Duration poll) {

  /// Without a list of what is revoked.
  public TlsFiles(String prefix, Path certificate, Path key, Path authorities, Duration poll) {
    this(prefix, certificate, key, authorities, null, poll);
  }

  /// What the settings name; null: nothing, and there is no TLS.
  ///
  /// @throws IllegalArgumentException when only some are set; the message names those that lack
  public static @Nullable TlsFiles of(String prefix, TlsConfig config) {
    Path certificate = config.certificate().orElse(null);
    Path key = config.key().orElse(null);
    Path authorities = config.authorities().orElse(null);
    Path revoked = config.revoked().orElse(null);
    if (certificate == null && key == null && authorities == null && revoked == null) {
      return null;
    }
    if (certificate == null || key == null || authorities == null) {
      String lacking = certificate == null ? "certificate" : key == null ? "key" : "authorities";
      throw new IllegalArgumentException(
          prefix + "." + lacking + " is not set: certificate, key and authorities belong together");
    }
    if (config.poll().toMillis() < 100 || config.poll().compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          prefix + ".poll is " + config.poll() + "; expected PT0.1S to PT1H");
    }
    return new TlsFiles(prefix, certificate, key, authorities, revoked, config.poll());
  }

  /// The keys to set, for messages.
  public static String keys(String prefix) {
    return prefix + ".certificate, " + prefix + ".key and " + prefix + ".authorities";
  }
}
