package ringfence.tls;

import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import ringfence.proto.v1.Zone;

/// Who a process is, as its certificate proves it by one URI among its subject alternative names:
/// `ringfence://gateway/NAME`, `ringfence://router/NAME`, `ringfence://operator/NAME` or
/// `ringfence://node/ZONE/NAME`.
///
/// @param name 1 to 64 characters of A-Z a-z 0-9 . _ -
/// @param zone a node's; for others `ZONE_UNSPECIFIED`
public record ProcessIdentity(Role role, String name, Zone zone) {
  private static final String SCHEME = "ringfence:";
  private static final int URI = 6;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Pattern FORM =
      Pattern.compile(
          "(?:(gateway|router|operator)|node/(device|site|datacenter|external))/([A-Za-z0-9._-]{1,64})");

  public ProcessIdentity {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'" + name + "' is not 1 to 64 characters of A-Z a-z 0-9 . _ -");
    }
    if ((role == Role.NODE) == (zone == Zone.ZONE_UNSPECIFIED) || zone == Zone.UNRECOGNIZED) {
      throw new IllegalArgumentException("a node has a zone, and nothing else has one");
    }
  }

  /// A node's identity.
  public static ProcessIdentity node(String name, Zone zone) {
    return new ProcessIdentity(Role.NODE, name, zone);
  }

  /// Another process' identity.
  public static ProcessIdentity of(Role role, String name) {
    return new ProcessIdentity(role, name, Zone.ZONE_UNSPECIFIED);
  }

  /// Reads the form of [#toString()], such as `router/main` or `node/site/rack-1`.
  ///
  /// @throws IllegalArgumentException that says what is expected
  public static ProcessIdentity parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is none of gateway/NAME, router/NAME, operator/NAME, node/ZONE/NAME (a zone is"
              + " device, site, datacenter or external; a name has 1 to 64 characters of A-Z a-z"
              + " 0-9 . _ -)");
    }
    String role = parts.group(1);
    String name = Objects.requireNonNull(parts.group(3));
    return role == null
        ? node(
            name,
            Zone.valueOf("ZONE_" + Objects.requireNonNull(parts.group(2)).toUpperCase(Locale.ROOT)))
        : of(Role.valueOf(role.toUpperCase(Locale.ROOT)), name);
  }

  /// What a certificate proves. Whether anybody trusts who signed it is not asked here.
  ///
  /// @throws CertificateException when it has none of these URIs, or several
  public static ProcessIdentity of(X509Certificate certificate) throws CertificateException {
    List<String> uris = uris(certificate);
    if (uris.size() != 1) {
      throw new CertificateException(
          uris.isEmpty()
              ? "the certificate has no ringfence:// URI among its subject alternative names"
              : "the certificate has several ringfence:// URIs");
    }
    String uri = uris.getFirst();
    String prefix = SCHEME + "//";
    try {
      if (uri.startsWith(prefix)) {
        return parse(uri.substring(prefix.length()));
      }
    } catch (IllegalArgumentException malformed) {
      throw new CertificateException("the certificate's URI is malformed: " + uri, malformed);
    }
    throw new CertificateException("the certificate's URI is malformed: " + uri);
  }

  private static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    if (names == null) {
      return List.of();
    }
    return names.stream()
        .filter(name -> Integer.valueOf(URI).equals(name.get(0)))
        .map(name -> String.valueOf(name.get(1)))
        .filter(uri -> uri.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
        .toList();
  }

  /// The URI that stands in the certificate.
  public String uri() {
    return SCHEME + "//" + this;
  }

  @Override
  public String toString() {
    String place =
        role == Role.NODE
            ? zone.name().substring("ZONE_".length()).toLowerCase(Locale.ROOT) + "/"
            : "";
    return role.word() + "/" + place + name;
  }
}
