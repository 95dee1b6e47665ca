package ringfence.telemetry;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// A service's `telemetry.*` settings as they are written; [TelemetrySettings] checks them.
public interface TelemetryConfig {

  /// Base URL of a receiver of OTLP over HTTP, such as http://127.0.0.1:4318; without it nothing is
  /// exported and no span is made.
  Optional<String> endpoint();

  /// How often metrics are exported; 0: never.
  @WithDefault("60s")
  Duration metricInterval();

  /// Whether the log is JSON, with the ids of traces; it is read on its own, without an endpoint
  /// too.
  @WithDefault("false")
  boolean jsonLog();

  /// Headers of each export.
  Map<String, String> headers();
}
