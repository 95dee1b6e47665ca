package ringfence.gateway.access;

import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.spi.ConfigSource;

/// Turns `ringfence.gateway.https.*` into what the framework's TLS registry and HTTP server read:
/// with a certificate `quarkus.http.port` speaks HTTPS, and nothing speaks HTTP.
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
    return List.of(
        new PropertiesConfigSource(
            Map.of(
                "quarkus.http.tls-configuration-name",
                NAME,
                "quarkus.http.insecure-requests",
                "disabled",
                "quarkus.http.ssl-port",
                "${quarkus.http.port}",
                "quarkus.tls." + NAME + ".reload-period",
                text(context, PREFIX + ".poll", "10s")),
            "ringfence-https",
            ORDINAL));
  }

  private static String text(ConfigSourceContext context, String key, String otherwise) {
    ConfigValue value = context.getValue(key);
    String text = value == null ? null : value.getValue();
    return text == null || text.isBlank() ? otherwise : text.strip();
  }
}
