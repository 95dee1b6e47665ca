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
/// often; when the files can't be used then, what it has stays in force.
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
      KeyStoreAndKeyCertOptions store = store(read);
      if (!read.equals(inForce)) {
        LOG.infof("HTTPS with the certificate in %s, until %s", certificate, read.validUntil());
      }
      inForce = read;
      problem = null;
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
