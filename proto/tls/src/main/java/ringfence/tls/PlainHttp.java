package ringfence.tls;

import java.util.Locale;

/// Where health and metrics may be served without TLS: to this machine.
public final class PlainHttp {

  private PlainHttp() {}

  /// Refuses plain HTTP that other machines would reach.
  ///
  /// @param host `quarkus.http.host`
  /// @param insecureRequests `quarkus.http.insecure-requests`
  /// @throws IllegalArgumentException when other machines would be served in plaintext; the message
  ///   names the keys
  public static void check(String host, String insecureRequests) {
    if (!Loopback.isBound(host)
        && !insecureRequests.strip().toLowerCase(Locale.ROOT).equals("disabled")) {
      throw new IllegalArgumentException(
          "quarkus.http.host="
              + host
              + " would serve health and metrics to other machines in plaintext: listen on"
              + " 127.0.0.1, or set quarkus.tls.http.key-store.pem.0.cert,"
              + " quarkus.tls.http.key-store.pem.0.key, quarkus.http.tls-configuration-name=http"
              + " and quarkus.http.insecure-requests=disabled");
    }
  }
}
