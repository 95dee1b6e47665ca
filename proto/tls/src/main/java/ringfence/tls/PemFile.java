package ringfence.tls;

import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A file as it was read, with the setting that names it. What it holds is never printed.
final class PemFile {
  private static final int MAX_BYTES = 1 << 20;

  private final String setting;
  private final Path path;
  private final byte[] bytes;

  private PemFile(String setting, Path path, byte[] bytes) {
    this.setting = setting;
    this.path = path;
    this.bytes = bytes;
  }

  /// @throws IllegalArgumentException when it can't be read; the message names the setting
  static PemFile read(String setting, Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw wrong(setting, path + " is larger than 1 MiB", null);
      }
      return new PemFile(setting, path, bytes);
    } catch (NoSuchFileException missing) {
      throw wrong(setting, "there is no file " + path, missing);
    } catch (AccessDeniedException denied) {
      throw wrong(setting, path + " can't be read by this user", denied);
    } catch (IOException failed) {
      throw wrong(setting, path + " can't be read: " + failed.getMessage(), failed);
    }
  }

  boolean sameAs(@Nullable PemFile other) {
    return other != null && Arrays.equals(bytes, other.bytes);
  }

  Path path() {
    return path;
  }

  /// What it holds, where that is no secret.
  String text() {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /// The certificates in it, all valid at that moment.
  List<X509Certificate> certificates(Instant now) {
    X509Certificate[] certificates;
    try {
      certificates = CertificateUtils.getX509Certificates(new ByteArrayInputStream(bytes));
    } catch (CertificateException malformed) {
      throw wrong(path + " is not a file of PEM certificates", malformed);
    }
    if (certificates.length == 0) {
      throw wrong(path + " holds no PEM certificate", null);
    }
    for (X509Certificate certificate : certificates) {
      String subject = certificate.getSubjectX500Principal().getName();
      try {
        certificate.checkValidity(Date.from(now));
      } catch (CertificateExpiredException expired) {
        throw wrong(
            "the certificate of "
                + subject
                + " in "
                + path
                + " has expired on "
                + certificate.getNotAfter().toInstant(),
            expired);
      } catch (CertificateNotYetValidException early) {
        throw wrong(
            "the certificate of "
                + subject
                + " in "
                + path
                + " is not valid before "
                + certificate.getNotBefore().toInstant(),
            early);
      }
    }
    return List.of(certificates);
  }

  PrivateKey privateKey() {
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(bytes));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException malformed) {
      // What the parser says may quote the key.
      throw wrong(
          path
              + " is not a private key in PEM: PKCS#8 (BEGIN PRIVATE KEY), RSA or EC, without a"
              + " password; 'openssl pkcs8 -topk8 -nodes' converts others",
          null);
    }
  }

  IllegalArgumentException wrong(String why, @Nullable Throwable cause) {
    return wrong(setting, why, cause);
  }

  private static IllegalArgumentException wrong(
      String setting, String why, @Nullable Throwable cause) {
    return new IllegalArgumentException(setting + ": " + why, cause);
  }

  @Override
  public String toString() {
    return "PemFile[" + path + "]";
  }
}
