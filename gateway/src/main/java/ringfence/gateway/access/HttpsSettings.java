package ringfence.gateway.access;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;
import ringfence.tls.Loopback;

/// Turns `ringfence.gateway.https.*` into what the framework's TLS registry and HTTP server read:
/// with a certificate `quarkus.http.port` speaks HTTPS, and nothing speaks HTTP. Health and metrics
/// (`quarkus.management.*`) speak HTTPS with the same certificate where other machines reach them.
public final class HttpsSettings implements ConfigSourceFactory {
  /// Of the certificate in the framework's TLS registry.
  static final String NAME = "https";

  static final String PREFIX = "ringfence.gateway.https";

  // Above the files of the application, below environment and system properties.
  private static final int ORDINAL = 280;

  @Override
  public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
    if (text(context, PREFIX + ".certificate", "").isEmpty()) {
      return List.of();
    }
    Map<String, String> settings = new HashMap<>();
    settings.put("quarkus.http.tls-configuration-name", NAME);
    settings.put("quarkus.http.insecure-requests", "disabled");
    settings.put("quarkus.http.ssl-port", "${quarkus.http.port}");
    settings.put("quarkus.tls." + NAME + ".reload-period", text(context, PREFIX + ".poll", "10s"));
    if (!Loopback.isBound(text(context, "quarkus.management.host", "127.0.0.1"))) {
      settings.put("quarkus.management.tls-configuration-name", NAME);
    }
    return List.of(new PropertiesConfigSource(settings, "ringfence-https", ORDINAL));
  }

  private static String text(ConfigSourceContext context, String key, String otherwise) {
    ConfigValue value = context.getValue(key);
    String text = value == null ? null : value.getValue();
    return text == null || text.isBlank() ? otherwise : text.strip();
  }
}
