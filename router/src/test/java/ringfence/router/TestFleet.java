package ringfence.router;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import ringfence.tls.LinkSecurity;
import ringfence.tls.MutualTls;
import ringfence.tls.Peer;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.TlsFiles;
import ringfence.tls.authority.CertificateAuthority;
import ringfence.tls.authority.PemFolder;

/// An authority of tests and processes with certificates of it.
public final class TestFleet implements AutoCloseable {
  private static final String PREFIX = "ringfence.test.tls";
  private static final List<String> HERE = List.of("localhost", "127.0.0.1");
  private final PemFolder folder;
  private final CertificateAuthority authority =
      CertificateAuthority.create("tests", Instant.now(), Duration.ofDays(2));
  private final List<LinkSecurity> open = new ArrayList<>();

  public TestFleet(Path folder) {
    this.folder = new PemFolder(folder);
    write("authority", authority.own());
  }

  private void write(String name, ringfence.tls.CertifiedKey key) {
    try {
      folder.write(name, key, true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The files of a process with that identity.
  public TlsFiles files(String identity) {
    String name = identity.replace('/', '-');
    write(
        name,
        authority.issue(ProcessIdentity.parse(identity), HERE, Instant.now(), Duration.ofDays(1)));
    return new TlsFiles(
        PREFIX,
        folder.certificate(name),
        folder.key(name),
        folder.certificate("authority"),
        Duration.ofHours(1));
  }

  /// The files of a process that looks at a list of revoked certificates all the time.
  public TlsFiles files(String identity, Path revoked) {
    TlsFiles files = files(identity);
    return new TlsFiles(
        files.prefix(),
        files.certificate(),
        files.key(),
        files.authorities(),
        revoked,
        Duration.ofMillis(20));
  }

  /// Puts the certificate that was last issued for that identity on a list.
  public void revoke(String identity, Path list) throws Exception {
    byte[] pem = Files.readAllBytes(folder.certificate(identity.replace('/', '-')));
    var certificate =
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
    String fingerprint =
        HexFormat.of()
            .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    Path next = list.resolveSibling("next");
    Files.writeString(next, fingerprint + "\n");
    Files.move(next, list, StandardCopyOption.REPLACE_EXISTING);
  }

  /// A process with that identity.
  public LinkSecurity links(String identity) {
    LinkSecurity links =
        MutualTls.open(files(identity), Peer.exactly(ProcessIdentity.parse(identity)));
    open.add(links);
    return links;
  }

  @Override
  public void close() {
    open.forEach(LinkSecurity::close);
  }
}
