package ringfence.telemetry;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where telemetry goes, checked.
///
/// @param endpoint without a slash at its end
/// @param metricInterval zero: metrics are not exported
public record TelemetrySettings(
    String endpoint, Duration metricInterval, Map<String, String> headers) {

  public TelemetrySettings {
    headers = Map.copyOf(headers);
  }

  /// Checks a configuration; null: nothing is exported.
  ///
  /// @param prefix of its keys
  /// @throws IllegalArgumentException when a value is out of its range; the message names the key
  public static @Nullable TelemetrySettings of(String prefix, TelemetryConfig config) {
    String endpoint = config.endpoint().orElse("");
    if (endpoint.isBlank()) {
      return null;
    }
    if (!isBaseUrl(endpoint)) {
      throw wrong(prefix, "endpoint", endpoint, "a base URL such as http://127.0.0.1:4318");
    }
    Duration interval = config.metricInterval();
    if (interval.isNegative()
        || (!interval.isZero() && interval.compareTo(Duration.ofMillis(500)) < 0)
        || interval.compareTo(Duration.ofHours(1)) > 0) {
      throw wrong(prefix, "metric-interval", interval, "0, or PT0.5S to PT1H");
    }
    return new TelemetrySettings(endpoint.replaceAll("/+$", ""), interval, config.headers());
  }

  private static boolean isBaseUrl(String text) {
    try {
      URI url = new URI(text);
      return url.getHost() != null
          && ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
          && url.getQuery() == null
          && url.getFragment() == null;
    } catch (URISyntaxException notOne) {
      return false;
    }
  }

  private static IllegalArgumentException wrong(
      String prefix, String key, Object value, String expected) {
    return new IllegalArgumentException(
        prefix + "." + key + " is " + value + "; expected " + expected);
  }
}
