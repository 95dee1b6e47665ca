package ringfence.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// A folder of certificates of tests: authority `a` and what it issues.
final class Fleet {
  static final String PREFIX = "ringfence.test.tls";
  static final Duration YEAR = Duration.ofDays(365);
  static final List<String> HERE = List.of("localhost", "127.0.0.1", "::1");

  final PemFolder folder;
  final CertificateAuthority authority;

  Fleet(Path folder) {
    this(folder, "a");
  }

  Fleet(Path folder, String name) {
    this.folder = new PemFolder(folder);
    authority = CertificateAuthority.create(name, Instant.now().minus(YEAR), YEAR.multipliedBy(3));
    put(name, authority.own());
  }

  Fleet put(String name, CertifiedKey key) {
    try {
      folder.write(name, key, true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /// Issues and writes it.
  TlsFiles issue(String name, String identity) {
    put(name, issued(identity, HERE));
    return files(name);
  }

  CertifiedKey issued(String identity, List<String> hosts) {
    return authority.issue(ProcessIdentity.parse(identity), hosts, Instant.now(), YEAR);
  }

  TlsFiles files(String name) {
    return new TlsFiles(
        PREFIX,
        folder.certificate(name),
        folder.key(name),
        folder.certificate("a"),
        Duration.ofHours(1));
  }

  /// A process with a certificate of that identity.
  MutualTls open(String identity) {
    return MutualTls.open(
        issue(identity.replace('/', '-'), identity), Peer.exactly(ProcessIdentity.parse(identity)));
  }
}
