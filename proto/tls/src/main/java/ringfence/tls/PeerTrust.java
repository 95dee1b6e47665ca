package ringfence.tls;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/// Believes a server whose certificate is good for the host and proves that it is the expected
/// process, and remembers what it showed last.
final class PeerTrust extends X509ExtendedTrustManager implements Revocations.Standing {
  private final X509ExtendedTrustManager authorities;
  private final Revocations revocations;
  private final Peer peer;
  private final Runnable revoked;
  private final Consumer<String> refused;
  private volatile List<X509Certificate> shown = List.of();

  /// @param authorities checks who signed, validity and host
  /// @param revoked told when a server that was believed is so no more
  /// @param refused hears why a server was not believed
  PeerTrust(
      X509ExtendedTrustManager authorities,
      Revocations revocations,
      Peer peer,
      Runnable revoked,
      Consumer<String> refused) {
    this.authorities = authorities;
    this.revocations = revocations;
    this.peer = peer;
    this.revoked = revoked;
    this.refused = refused;
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    try {
      authorities.checkServerTrusted(chain, type, engine);
      revocations.check(chain);
      ProcessIdentity proven = ProcessIdentity.of(chain[0]);
      if (!peer.accepts(proven)) {
        throw new CertificateException("it proves to be " + proven);
      }
      shown = List.of(chain);
      revocations.watch(this);
    } catch (CertificateException untrusted) {
      refused.accept(
          "nothing was sent to "
              + engine.getPeerHost()
              + ":"
              + engine.getPeerPort()
              + ", where "
              + peer
              + " is expected: "
              + untrusted.getMessage());
      throw untrusted;
    }
  }

  @Override
  public List<X509Certificate> shown() {
    return shown;
  }

  @Override
  public void end() {
    refused.accept("the certificate of " + peer + " was revoked: its connections are ended");
    revoked.run();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw noEngine();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw noEngine();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    throw noEngine();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    throw noEngine();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    throw noEngine();
  }

  private static CertificateException noEngine() {
    return new CertificateException("only a server that is dialled is checked here");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return authorities.getAcceptedIssuers();
  }
}
