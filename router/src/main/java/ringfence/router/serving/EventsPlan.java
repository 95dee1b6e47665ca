package ringfence.router.serving;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import ringfence.router.events.OutboxSettings;
import ringfence.router.events.kafka.KafkaSettings;

/// Where the outbox of events lies, what it keeps and where it is published, checked.
///
/// @param folder empty: no events are kept
/// @param kafka null: they are published nowhere
public record EventsPlan(
    Optional<Path> folder, OutboxSettings outbox, @Nullable KafkaSettings kafka) {
  private static final int LEAST_SEGMENTS = 16;

  /// No events.
  public static final EventsPlan NONE =
      new EventsPlan(
          Optional.empty(),
          new OutboxSettings(
              1L << 30, 8 << 20, Duration.ofDays(30), 4_096, Duration.ofSeconds(2), false),
          null);

  static EventsPlan of(RouterConfig.Events config) {
    KafkaSettings kafka =
        config.kafka().bootstrap().map(bootstrap -> kafka(bootstrap, config.kafka())).orElse(null);
    if (kafka != null && config.folder().isEmpty()) {
      throw RouterSettings.wrong(
          "events.kafka.bootstrap",
          kafka.bootstrap(),
          "nothing where ringfence.router.events.folder is not set");
    }
    int segment =
        RouterSettings.between("events.segment-bytes", config.segmentBytes(), 64 << 10, 128 << 20);
    if (config.maxBytes() < (long) LEAST_SEGMENTS * segment) {
      throw RouterSettings.wrong(
          "events.max-bytes",
          config.maxBytes(),
          "at least " + LEAST_SEGMENTS + " times ringfence.router.events.segment-bytes");
    }
    return new EventsPlan(
        config.folder(),
        new OutboxSettings(
            config.maxBytes(),
            segment,
            RouterSettings.between(
                "events.max-age", config.maxAge(), Duration.ofMinutes(1), Duration.ofDays(36_500)),
            RouterSettings.between("events.max-waiting", config.maxWaiting(), 1, 1_000_000),
            RouterSettings.between(
                "events.wait-limit",
                config.waitLimit(),
                Duration.ofMillis(10),
                Duration.ofMinutes(1)),
            kafka != null),
        kafka);
  }

  private static KafkaSettings kafka(String bootstrap, RouterConfig.Events.Kafka config) {
    Map<String, String> properties = config.properties();
    for (String own : KafkaSettings.OWN) {
      if (properties.containsKey(own)) {
        throw RouterSettings.wrong(
            "events.kafka.properties." + own,
            properties.get(own),
            "nothing: without the router's own value something could be lost");
      }
    }
    boolean onLoopback = true;
    for (String server : bootstrap.split(",", -1)) {
      if (!server.matches("\\S+:\\d{1,5}")) {
        throw RouterSettings.wrong(
            "events.kafka.bootstrap", bootstrap, "host:port, comma-separated");
      }
      onLoopback &= server.matches("(127\\.[0-9.]+|localhost|\\[::1]):\\d+");
    }
    if (!onLoopback && !properties.containsKey("security.protocol")) {
      throw RouterSettings.wrong(
          "events.kafka.bootstrap",
          bootstrap,
          "brokers on loopback where ringfence.router.events.kafka.properties.security.protocol is not"
              + " set (SSL or SASL_SSL: tenants' names and usage would be readable on the way)");
    }
    if (!config.topicPrefix().matches("[A-Za-z0-9._-]{1,100}")) {
      throw RouterSettings.wrong(
          "events.kafka.topic-prefix",
          config.topicPrefix(),
          "1 to 100 characters of A-Z a-z 0-9 . _ -");
    }
    Duration century = Duration.ofDays(36_500);
    return new KafkaSettings(
        bootstrap,
        config.topicPrefix(),
        RouterSettings.between("events.kafka.partitions", config.partitions(), 1, 1_000),
        RouterSettings.between("events.kafka.replicas", config.replicas(), 0, 100),
        RouterSettings.between(
            "events.kafka.usage-age", config.usageAge(), Duration.ofHours(1), century),
        RouterSettings.between(
            "events.kafka.egress-age", config.egressAge(), Duration.ofHours(1), century),
        RouterSettings.between(
            "events.kafka.placement-age", config.placementAge(), Duration.ofHours(1), century),
        properties);
  }
}
