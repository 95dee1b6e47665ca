package ringfence.tls.authority;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import ringfence.tls.CertifiedKey;
import ringfence.tls.ProcessIdentity;
import ringfence.tls.Role;

/// An authority with its key: whoever has that may make any process of the fleet. Keys are ECDSA
/// over P-256.
public final class CertificateAuthority {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String SIGNATURE = "SHA256withECDSA";
  private static final int SERIAL_BITS = 127;

  // Clocks differ.
  private static final Duration BEFORE = Duration.ofMinutes(5);

  private final CertifiedKey own;

  private CertificateAuthority(CertifiedKey own) {
    this.own = own;
  }

  /// Makes an authority.
  ///
  /// @param name its common name
  public static CertificateAuthority create(String name, Instant now, Duration valid) {
    KeyPair pair = keyPair();
    X500Principal subject = new X500Principal("CN=" + name);
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              subject,
              serial(),
              Date.from(now.minus(BEFORE)),
              Date.from(now.plus(valid)),
              subject,
              pair.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
      return new CertificateAuthority(signed(builder, pair, pair));
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("this Java can't make certificates", e);
    }
  }

  /// Reads an authority.
  ///
  /// @throws IllegalArgumentException when the files are no authority's; says why
  public static CertificateAuthority read(Path certificate, Path key, Instant now) {
    CertifiedKey own = CertifiedKey.read("authority", certificate, "authority's key", key, now);
    if (own.chain().getFirst().getBasicConstraints() < 0) {
      throw new IllegalArgumentException(certificate + " is not an authority's certificate");
    }
    return new CertificateAuthority(own);
  }

  /// The authority itself.
  public CertifiedKey own() {
    return own;
  }

  /// Its certificate, for those who shall believe it.
  public X509Certificate certificate() {
    return own.chain().getFirst();
  }

  /// A process' certificate with a new key.
  ///
  /// @param hosts names and addresses by which others dial it
  public CertifiedKey issue(
      ProcessIdentity identity, List<String> hosts, Instant now, Duration valid) {
    List<GeneralName> names = names(hosts);
    names.addFirst(new GeneralName(GeneralName.uniformResourceIdentifier, identity.uri()));
    boolean serves = identity.role() == Role.ROUTER || identity.role() == Role.NODE;
    KeyPurposeId[] uses =
        serves
            ? new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth}
            : new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth};
    return issue(identity.name(), names, uses, now, valid);
  }

  /// An HTTPS server's certificate with a new key; it proves no process of the fleet.
  ///
  /// @param hosts names and addresses by which others dial it, at least one
  public CertifiedKey issueHttps(List<String> hosts, Instant now, Duration valid) {
    return issue(
        hosts.getFirst(),
        names(hosts),
        new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth},
        now,
        valid);
  }

  private static List<GeneralName> names(List<String> hosts) {
    List<GeneralName> names = new ArrayList<>();
    for (String host : hosts) {
      boolean address = host.matches("[0-9.]+") || host.contains(":");
      names.add(new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host));
    }
    return names;
  }

  private CertifiedKey issue(
      String name, List<GeneralName> names, KeyPurposeId[] uses, Instant now, Duration valid) {
    KeyPair pair = keyPair();
    Instant end = now.plus(valid);
    Instant authoritysEnd = own.validUntil();
    try {
      var builder =
          new JcaX509v3CertificateBuilder(
              certificate(),
              serial(),
              Date.from(now.minus(BEFORE)),
              Date.from(end.isBefore(authoritysEnd) ? end : authoritysEnd),
              new X500Principal("CN=" + name),
              pair.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(uses));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(names.toArray(new GeneralName[0])));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate()));
      return signed(builder, pair, new KeyPair(certificate().getPublicKey(), own.key()));
    } catch (IOException | GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("this Java can't make certificates", e);
    }
  }

  private static CertifiedKey signed(
      JcaX509v3CertificateBuilder builder, KeyPair subject, KeyPair issuer)
      throws GeneralSecurityException, OperatorCreationException {
    X509Certificate certificate =
        new JcaX509CertificateConverter()
            .getCertificate(
                builder.build(new JcaContentSignerBuilder(SIGNATURE).build(issuer.getPrivate())));
    return new CertifiedKey(List.of(certificate), subject.getPrivate());
  }

  private static BigInteger serial() {
    return new BigInteger(SERIAL_BITS, RANDOM).setBit(SERIAL_BITS - 1);
  }

  private static KeyPair keyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this Java can't make keys", e);
    }
  }
}
