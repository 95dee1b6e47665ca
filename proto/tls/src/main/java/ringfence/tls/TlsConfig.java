package ringfence.tls;

import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// A service's `tls.*` settings as they are written; [TlsFiles] checks them.
public interface TlsConfig {

  /// PEM: this process' certificate, then those between it and the authority.
  Optional<Path> certificate();

  /// PEM: its private key, PKCS#8, without a password.
  Optional<Path> key();

  /// PEM: the authorities whose certificates are believed.
  Optional<Path> authorities();

  /// SHA-256 fingerprints of certificates that are believed no more, one a line.
  Optional<Path> revoked();

  /// How often the files are looked at for changes.
  @WithDefault("10s")
  Duration poll();
}
