package ringfence.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringfence.tls.authority.CertificateAuthority;

/// What is wrong with the files is said at start, with the setting's key.
class CredentialsTest {
  private static final Peer SELF = Peer.exactly(ProcessIdentity.parse("node/site/one"));
  private static final String CERTIFICATE = Fleet.PREFIX + ".certificate: ";
  private static final String KEY = Fleet.PREFIX + ".key: ";
  private static final String AUTHORITIES = Fleet.PREFIX + ".authorities: ";

  @TempDir Path folder;
  private Fleet fleet;
  private TlsFiles files;

  @BeforeEach
  void start() {
    fleet = new Fleet(folder);
    files = fleet.issue("one", "node/site/one");
  }

  private void refused(String start, String... parts) {
    assertThatThrownBy(() -> MutualTls.open(files, SELF))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(start)
        .hasMessageContainingAll(parts);
  }

  @Test
  void whatIsRightIsTaken() {
    MutualTls.open(files, SELF).close();
    MutualTls.open(files, Peer.any(Role.NODE)).close();
  }

  @Test
  void aMissingFileIsNamed() throws IOException {
    Files.delete(files.certificate());
    refused(CERTIFICATE, "there is no file", "one.pem");
  }

  @Test
  void aMissingKeyIsNamed() throws IOException {
    Files.delete(files.key());
    refused(KEY, "there is no file", "one.key");
  }

  @Test
  void missingAuthoritiesAreNamed() throws IOException {
    Files.delete(files.authorities());
    refused(AUTHORITIES, "there is no file", "a.pem");
  }

  @Test
  void aFolderIsNoFile() throws IOException {
    Files.delete(files.key());
    Files.createDirectory(files.key());
    refused(KEY, "can't be read");
  }

  @Test
  void aFileWithoutACertificateIsNamed() throws IOException {
    Files.writeString(files.certificate(), "nothing\n");
    refused(CERTIFICATE, "certificate");
    Files.writeString(files.certificate(), "");
    refused(CERTIFICATE, "holds no PEM certificate");
  }

  @Test
  void whatIsNoKeyIsNamedAndNotQuoted() throws IOException {
    String body = "c2VjcmV0IGtleSBieXRlcw==";
    Files.writeString(
        files.key(), "-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----\n");
    refused(KEY, "PKCS#8");
    assertThatThrownBy(() -> MutualTls.open(files, SELF))
        .satisfies(e -> assertThat(e.toString()).doesNotContain(body))
        .hasNoCause();
  }

  @Test
  void anothersKeyIsNamed() throws IOException {
    fleet.issue("two", "node/site/two");
    Files.copy(
        fleet.folder.key("two"), files.key(), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused(KEY, "does not belong to the first certificate");
  }

  @Test
  void whatHasExpiredIsNamedWithItsDay() {
    Instant then = Instant.now().minus(Duration.ofDays(10));
    fleet.put(
        "one",
        fleet.authority.issue(
            ProcessIdentity.parse("node/site/one"), Fleet.HERE, then, Duration.ofDays(3)));
    refused(CERTIFICATE, "has expired on", "CN=one");
  }

  @Test
  void whatIsNotYetValidIsNamed() {
    Instant later = Instant.now().plus(Duration.ofDays(10));
    fleet.put(
        "one",
        fleet.authority.issue(
            ProcessIdentity.parse("node/site/one"), Fleet.HERE, later, Duration.ofDays(3)));
    refused(CERTIFICATE, "is not valid before");
  }

  @Test
  void anExpiredAuthorityIsNamed() {
    Instant then = Instant.now().minus(Duration.ofDays(10));
    fleet.put("a", CertificateAuthority.create("a", then, Duration.ofDays(3)).own());
    refused(AUTHORITIES, "has expired on");
  }

  @Test
  void whatIsNoAuthorityIsNamed() {
    fleet.put("a", fleet.issued("node/site/one", Fleet.HERE));
    refused(AUTHORITIES, "no CA");
  }

  @Test
  void aStrangersCertificateIsNamed() {
    Fleet other = new Fleet(folder.resolve("other"));
    fleet.put("one", other.issued("node/site/one", Fleet.HERE));
    refused(CERTIFICATE, "was not issued by an authority in");
  }

  @Test
  void anotherProcessCertificateIsNamed() {
    for (String other : List.of("node/device/one", "node/site/two", "router/one")) {
      fleet.put("one", fleet.issued(other, Fleet.HERE));
      refused(CERTIFICATE, "is the certificate of " + other, "this process is node/site/one");
    }
  }

  @Test
  void anHttpsCertificateIsNoProcess() {
    fleet.put("one", fleet.authority.issueHttps(Fleet.HERE, Instant.now(), Fleet.YEAR));
    refused(CERTIFICATE, "no ringfence:// URI");
  }

  @Test
  void allThreeSettingsBelongTogether() {
    record Config(Optional<Path> certificate, Optional<Path> key, Optional<Path> authorities)
        implements TlsConfig {
      @Override
      public Optional<Path> revoked() {
        return Optional.empty();
      }

      @Override
      public Duration poll() {
        return Duration.ofSeconds(10);
      }
    }
    Optional<Path> set = Optional.of(Path.of("x"));
    Optional<Path> unset = Optional.empty();
    assertThat(TlsFiles.of("p", new Config(unset, unset, unset))).isNull();
    assertThat(TlsFiles.of("p", new Config(set, set, set))).isNotNull();
    assertThatThrownBy(() -> TlsFiles.of("p", new Config(set, set, unset)))
        .hasMessageStartingWith("p.authorities is not set");
    assertThatThrownBy(() -> TlsFiles.of("p", new Config(set, unset, set)))
        .hasMessageStartingWith("p.key is not set");
    assertThatThrownBy(() -> TlsFiles.of("p", new Config(unset, set, set)))
        .hasMessageStartingWith("p.certificate is not set");
  }

  @Test
  void keysAreReadableByTheirOwnerAlone() throws IOException {
    assertThat(Files.getPosixFilePermissions(files.key()))
        .containsExactlyInAnyOrder(
            java.nio.file.attribute.PosixFilePermission.OWNER_READ,
            java.nio.file.attribute.PosixFilePermission.OWNER_WRITE);
  }
}
