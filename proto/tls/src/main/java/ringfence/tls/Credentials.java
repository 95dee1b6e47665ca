package ringfence.tls;

import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What a process shows and believes, checked.
///
/// @param authorities whose certificates are believed
/// @param revoked fingerprints of those that are not
record Credentials(
    CertifiedKey own,
    ProcessIdentity identity,
    List<X509Certificate> authorities,
    Set<String> revoked) {
  private static final String SERVER = "1.3.6.1.5.5.7.3.1";
  private static final String CLIENT = "1.3.6.1.5.5.7.3.2";

  /// The files as they were read.
  record Read(PemFile certificate, PemFile key, PemFile authorities, @Nullable PemFile revoked) {

    static Read of(TlsFiles files) {
      String prefix = files.prefix() + ".";
      return new Read(
          PemFile.read(prefix + "certificate", files.certificate()),
          PemFile.read(prefix + "key", files.key()),
          PemFile.read(prefix + "authorities", files.authorities()),
          files.revoked() == null ? null : PemFile.read(prefix + "revoked", files.revoked()));
    }

    boolean sameAs(Read other) {
      return certificate.sameAs(other.certificate)
          && key.sameAs(other.key)
          && authorities.sameAs(other.authorities)
          && (revoked == null || revoked.sameAs(other.revoked));
    }
  }

  /// Checks what the files hold.
  ///
  /// @param self whom the certificate has to prove
  /// @throws IllegalArgumentException when it can't be used; the message names the setting
  static Credentials of(Read read, Peer self, Instant now) {
    CertifiedKey own = CertifiedKey.of(read.certificate(), read.key(), now);
    X509Certificate leaf = own.chain().getFirst();
    ProcessIdentity identity;
    try {
      identity = ProcessIdentity.of(leaf);
    } catch (CertificateException unnamed) {
      throw read.certificate()
          .wrong(read.certificate().path() + ": " + unnamed.getMessage(), unnamed);
    }
    if (!self.accepts(identity)) {
      throw read.certificate()
          .wrong(
              read.certificate().path()
                  + " is the certificate of "
                  + identity
                  + ", but this process is "
                  + self,
              null);
    }
    checkUses(read.certificate(), leaf, identity.role());
    List<X509Certificate> authorities = read.authorities().certificates(now);
    for (X509Certificate authority : authorities) {
      if (authority.getBasicConstraints() < 0) {
        throw read.authorities()
            .wrong(
                "the certificate of "
                    + authority.getSubjectX500Principal().getName()
                    + " in "
                    + read.authorities().path()
                    + " is not an authority's (no CA)",
                null);
      }
    }
    checkIssued(read, own.chain(), authorities, now);
    PemFile revoked = read.revoked();
    return new Credentials(
        own, identity, authorities, revoked == null ? Set.of() : Revocations.read(revoked));
  }

  private static void checkUses(PemFile file, X509Certificate leaf, Role role) {
    List<String> uses;
    try {
      uses = leaf.getExtendedKeyUsage();
    } catch (CertificateException malformed) {
      throw file.wrong(file.path() + " is malformed", malformed);
    }
    boolean serves = role == Role.ROUTER || role == Role.NODE;
    if (uses != null && (!uses.contains(CLIENT) || (serves && !uses.contains(SERVER)))) {
      throw file.wrong(
          file.path()
              + " must be usable for clientAuth"
              + (serves ? " and serverAuth" : "")
              + " (extended key usage)",
          null);
    }
  }

  private static void checkIssued(
      Read read, List<X509Certificate> chain, List<X509Certificate> authorities, Instant now) {
    try {
      PKIXParameters parameters =
          new PKIXParameters(
              authorities.stream()
                  .map(authority -> new TrustAnchor(authority, null))
                  .collect(Collectors.toSet()));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      List<X509Certificate> path =
          chain.stream().filter(certificate -> !authorities.contains(certificate)).toList();
      var _ =
          CertPathValidator.getInstance("PKIX")
              .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
    } catch (CertPathValidatorException stranger) {
      throw read.certificate()
          .wrong(
              read.certificate().path()
                  + " was not issued by an authority in "
                  + read.authorities().path()
                  + " ("
                  + stranger.getMessage()
                  + ")",
              stranger);
    } catch (GeneralSecurityException broken) {
      throw read.certificate().wrong(read.certificate().path() + " can't be checked", broken);
    }
  }
}
