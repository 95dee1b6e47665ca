package ringfence.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Asks a service on this machine by HTTPS whether it is ready: `HealthProbe PORT` ends with 0
/// where it is. For containers, whose images hold no other program that could ask. Whose
/// certificate answers is not looked at: nothing is sent but the question, and it goes to loopback.
public final class HealthProbe {
  private static final String PATH = "/q/health/ready";
  private static final int LIMIT_MILLIS = 8_000;

  private HealthProbe() {}

  /// Asks, and ends the process.
  ///
  /// @param arguments the port
  public static void main(String... arguments) {
    int port =
        arguments.length == 1 && arguments[0].matches("\\d{1,5}")
            ? Integer.parseInt(arguments[0])
            : 0;
    if (port < 1 || port > 65_535) {
      System.err.println("usage: HealthProbe PORT");
      System.exit(2);
    }
    System.exit(isReady(port) ? 0 : 1);
  }

  /// Whether the service on that port of loopback says that it is ready.
  static boolean isReady(int port) {
    try {
      SSLContext anybody = SSLContext.getInstance("TLS");
      anybody.init(null, new TrustManager[] {new Anybody()}, new SecureRandom());
      URI health =
          URI.create(
              "https://" + InetAddress.getLoopbackAddress().getHostAddress() + ":" + port + PATH);
      var connection = (HttpsURLConnection) health.toURL().openConnection();
      connection.setSSLSocketFactory(anybody.getSocketFactory());
      connection.setHostnameVerifier((host, session) -> true);
      connection.setConnectTimeout(LIMIT_MILLIS);
      connection.setReadTimeout(LIMIT_MILLIS);
      return connection.getResponseCode() == 200;
    } catch (IOException | GeneralSecurityException notReady) {
      return false;
    }
  }

  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
