package ringfence.tls;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.regex.Pattern;

/// Certificates that are believed no more although an authority has issued them, and what stands on
/// such a certificate's word: that is ended when the list comes to name it. Safe for use by many
/// threads.
final class Revocations {
  private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-f]{64}");

  private volatile Set<String> revoked = Set.of();
  private final Set<Standing> standing = java.util.Collections.newSetFromMap(new WeakHashMap<>());

  /// A call or a channel whose other end has shown certificates. Held weakly: whoever needs it
  /// holds it.
  interface Standing {
    /// The certificates; empty: none yet.
    List<X509Certificate> shown();

    /// They are believed no more. Called without a lock, more than once perhaps.
    void end();
  }

  /// Reads a list: a SHA-256 fingerprint a line, as `openssl x509 -fingerprint -sha256` prints it
  /// or without colons; what follows a `#` is a comment.
  ///
  /// @throws IllegalArgumentException naming file and line of what is something else
  static Set<String> read(PemFile file) {
    Set<String> fingerprints = new HashSet<>();
    int number = 0;
    for (String line : file.text().split("\n", -1)) {
      number++;
      String text = line.replaceFirst("#.*", "").replaceFirst("(?i)^\\s*sha256 fingerprint=", "");
      text = text.replace(":", "").strip().toLowerCase(Locale.ROOT);
      if (text.isEmpty()) {
        continue;
      }
      if (!FINGERPRINT.matcher(text).matches()) {
        throw file.wrong(
            file.path()
                + ", line "
                + number
                + ": expected a certificate's SHA-256 fingerprint, 64 hexadecimal digits with or"
                + " without colons ('openssl x509 -noout -fingerprint -sha256 -in FILE' prints it)",
            null);
      }
      fingerprints.add(text);
    }
    return Set.copyOf(fingerprints);
  }

  /// Puts a list in force, and ends what stands on the word of a certificate in it.
  void use(Set<String> fingerprints) {
    revoked = fingerprints;
    if (fingerprints.isEmpty()) {
      return;
    }
    List<Standing> now;
    synchronized (standing) {
      now = new ArrayList<>(standing);
    }
    for (Standing one : now) {
      if (include(one.shown())) {
        one.end();
      }
    }
  }

  /// Ended when one of its certificates is revoked, which may be at once.
  void watch(Standing one) {
    synchronized (standing) {
      standing.add(one);
    }
    if (include(one.shown())) {
      one.end();
    }
  }

  void forget(Standing one) {
    synchronized (standing) {
      standing.remove(one);
    }
  }

  boolean include(List<? extends Certificate> chain) {
    Set<String> now = revoked;
    return !now.isEmpty()
        && chain.stream().anyMatch(certificate -> now.contains(fingerprint(certificate)));
  }

  /// @throws CertificateException when one of them is revoked
  void check(X509Certificate[] chain) throws CertificateException {
    if (include(List.of(chain))) {
      throw new CertificateException(
          "the certificate of " + chain[0].getSubjectX500Principal().getName() + " was revoked");
    }
  }

  private static String fingerprint(Certificate certificate) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
    } catch (GeneralSecurityException unencodable) {
      throw new IllegalStateException("a certificate has no encoding", unencodable);
    }
  }
}
