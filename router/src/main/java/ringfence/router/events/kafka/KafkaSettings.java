package ringfence.router.events.kafka;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/// Where Kafka is and what its topics are made with.
///
/// @param bootstrap host:port, comma-separated
/// @param topicPrefix of the names of all topics
/// @param partitions of a topic that is made
/// @param replicas of a topic that is made; 0: the broker's default
/// @param usageAge how long usage is kept there
/// @param egressAge how long egress is kept there
/// @param placementAge how long placements are kept there
/// @param properties of Kafka's clients beyond these, such as `security.protocol`
public record KafkaSettings(
    String bootstrap,
    String topicPrefix,
    int partitions,
    int replicas,
    Duration usageAge,
    Duration egressAge,
    Duration placementAge,
    Map<String, String> properties) {

  /// What is not for anybody to choose: without it something could be lost or counted twice.
  public static final List<String> OWN =
      List.of(
          "bootstrap.servers",
          "acks",
          "enable.idempotence",
          "retries",
          "delivery.timeout.ms",
          "max.in.flight.requests.per.connection",
          "key.serializer",
          "value.serializer",
          "key.deserializer",
          "value.deserializer",
          "enable.auto.commit",
          "isolation.level");

  public KafkaSettings {
    properties = Map.copyOf(properties);
  }

  Properties client() {
    Properties client = new Properties();
    client.putAll(properties);
    client.put("bootstrap.servers", bootstrap);
    return client;
  }
}
