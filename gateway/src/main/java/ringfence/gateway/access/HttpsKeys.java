package ringfence.gateway.access;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.runtime.KeyStoreAndKeyCertOptions;
import io.quarkus.tls.runtime.KeyStoreProvider;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.KeyStoreOptions;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.UUID;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.GatewayConfig;
import ringfence.tls.CertifiedKey;

/// The certificate that clients see, for the framework's TLS registry. It asks again every so
/// often; when the files can't be used then, or are as they were, it is told so by an exception and
/// goes on with what it has: while the HTTP server changes its certificate, whoever connects in
/// that moment is cut off.
@Singleton
@Identifier(HttpsSettings.NAME)
public class HttpsKeys implements KeyStoreProvider {
  private static final Logger LOG = Logger.getLogger(HttpsKeys.class);

  private final @Nullable Path certificate;
  private final @Nullable Path key;
  private @Nullable CertifiedKey inForce;
  private @Nullable String problem;

  HttpsKeys(GatewayConfig config) {
    certificate = config.https().certificate().orElse(null);
    key = config.https().key().orElse(null);
  }

  @Override
  public synchronized @Nullable KeyStoreAndKeyCertOptions getKeyStore(Vertx vertx) {
    if (certificate == null && key == null) {
      return null;
    }
    try {
      if (certificate == null || key == null) {
        throw new IllegalArgumentException(
            HttpsSettings.PREFIX
                + (key == null ? ".key" : ".certificate")
                + " is not set: certificate and key belong together");
      }
      CertifiedKey read =
          CertifiedKey.read(
              HttpsSettings.PREFIX + ".certificate",
              certificate,
              HttpsSettings.PREFIX + ".key",
              key,
              Instant.now());
      problem = null;
      if (read.equals(inForce)) {
        throw new Unchanged();
      }
      KeyStoreAndKeyCertOptions store = store(read);
      LOG.infof("HTTPS with the certificate in %s, until %s", certificate, read.validUntil());
      inForce = read;
      return store;
    } catch (IllegalArgumentException | IOException | GeneralSecurityException unusable) {
      String why = String.valueOf(unusable.getMessage());
      if (inForce != null && !why.equals(problem)) {
        LOG.errorf("%s; the certificate that was read before stays in force", why);
      }
      problem = why;
      throw new ConfigurationException(why);
    }
  }

  private static final class Unchanged extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unchanged() {
      super("the certificate is as it was", null, false, false);
    }
  }

  private static KeyStoreAndKeyCertOptions store(CertifiedKey key)
      throws IOException, GeneralSecurityException {
    String password = UUID.randomUUID().toString();
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        HttpsSettings.NAME,
        key.key(),
        password.toCharArray(),
        key.chain().toArray(new Certificate[0]));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    store.store(bytes, password.toCharArray());
    return new KeyStoreAndKeyCertOptions(
        store,
        new KeyStoreOptions()
            .setType("PKCS12")
            .setPassword(password)
            .setValue(Buffer.buffer(bytes.toByteArray())));
  }
}
