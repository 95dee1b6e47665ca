package ringfence.tls.authority;

import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import ringfence.tls.CertifiedKey;

/// A folder of certificates (`NAME.pem`) with their keys (`NAME.key`, readable by their owner
/// alone).
public record PemFolder(Path path) {

  /// Where a certificate lies.
  public Path certificate(String name) {
    return path.resolve(name + ".pem");
  }

  /// Where its key lies.
  public Path key(String name) {
    return path.resolve(name + ".key");
  }

  /// Writes both, each in one step; the key first.
  ///
  /// @param replace what was there before may go
  /// @throws FileAlreadyExistsException when one is there and may not go
  public void write(String name, CertifiedKey key, boolean replace) throws IOException {
    Files.createDirectories(path);
    if (!replace) {
      for (Path file : List.of(certificate(name), key(name))) {
        if (Files.exists(file)) {
          throw new FileAlreadyExistsException(file.toString());
        }
      }
    }
    put(key(name), pem("PRIVATE KEY", key.key().getEncoded()), "rw-------");
    StringBuilder chain = new StringBuilder();
    for (X509Certificate certificate : key.chain()) {
      chain.append(pem(certificate));
    }
    put(certificate(name), chain.toString(), "rw-r--r--");
  }

  private void put(Path file, String text, String permissions) throws IOException {
    Set<String> views = path.getFileSystem().supportedFileAttributeViews();
    FileAttribute<?>[] attributes =
        views.contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
            }
            : new FileAttribute<?>[0];
    Path fresh = Files.createTempFile(path, ".fresh", "", attributes);
    Files.write(fresh, text.getBytes(StandardCharsets.US_ASCII));
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /// The first certificate of a PEM file, whether or not it is valid now.
  ///
  /// @throws CertificateException when there is none
  public static X509Certificate first(Path file) throws IOException, CertificateException {
    try (InputStream in = Files.newInputStream(file)) {
      X509Certificate[] certificates = CertificateUtils.getX509Certificates(in);
      if (certificates.length == 0) {
        throw new CertificateException(file + " holds no PEM certificate");
      }
      return certificates[0];
    }
  }

  /// A certificate as PEM.
  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }
}
