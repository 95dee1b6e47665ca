package ringfence.tls;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A private key and the certificates of its public one.
///
/// @param chain the key's own first
public record CertifiedKey(List<X509Certificate> chain, PrivateKey key) {
  private static final byte[] PROBE = {1};

  public CertifiedKey {
    chain = List.copyOf(chain);
  }

  /// Reads both files.
  ///
  /// @param certificateSetting the key of the setting that names the file, for messages
  /// @throws IllegalArgumentException when they can't be used; the message names the setting
  public static CertifiedKey read(
      String certificateSetting, Path certificate, String keySetting, Path key, Instant now) {
    return of(PemFile.read(certificateSetting, certificate), PemFile.read(keySetting, key), now);
  }

  static CertifiedKey of(PemFile certificates, PemFile keyFile, Instant now) {
    List<X509Certificate> chain = certificates.certificates(now);
    PrivateKey key = keyFile.privateKey();
    if (!belong(chain.getFirst().getPublicKey(), key)) {
      throw keyFile.wrong(
          "the key in "
              + keyFile.path()
              + " does not belong to the first certificate in "
              + certificates.path(),
          null);
    }
    return new CertifiedKey(chain, key);
  }

  private static boolean belong(PublicKey certified, PrivateKey key) {
    String algorithm = signature(key.getAlgorithm());
    if (algorithm == null || !certified.getAlgorithm().equals(key.getAlgorithm())) {
      return false;
    }
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(PROBE);
      byte[] signed = signer.sign();
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(certified);
      verifier.update(PROBE);
      return verifier.verify(signed);
    } catch (GeneralSecurityException unfit) {
      return false;
    }
  }

  private static @Nullable String signature(String keyAlgorithm) {
    return switch (keyAlgorithm) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> null;
    };
  }

  /// The last moment at which the key's own certificate is valid.
  public Instant validUntil() {
    return chain.getFirst().getNotAfter().toInstant();
  }

  @Override
  public String toString() {
    return "CertifiedKey[" + chain.getFirst().getSubjectX500Principal().getName() + "]";
  }
}
