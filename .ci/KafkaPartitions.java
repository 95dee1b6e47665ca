import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/// `java -cp JARS KafkaPartitions.java BOOTSTRAP TOPIC`: of the partition that has the most records, its number, its leader, how many replicas it
/// has, how many of them are in step, and the topic's min.insync.replicas; on one line. For `check_events.py`.
final class KafkaPartitions {
  private KafkaPartitions() {}

  public static void main(String[] args) throws Exception {
    String topic = args[1];
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0], "default.api.timeout.ms", "15000", "request.timeout.ms", "5000"))) {
      TopicDescription described = admin.describeTopics(List.of(topic)).allTopicNames().get(20, TimeUnit.SECONDS).get(topic);
      Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
      described.partitions().forEach(partition -> ends.put(new TopicPartition(topic, partition.partition()), OffsetSpec.latest()));
      var offsets = admin.listOffsets(ends).all().get(20, TimeUnit.SECONDS);
      var fullest = described.partitions().stream()
          .max((one, other) -> Long.compare(
              offsets.get(new TopicPartition(topic, one.partition())).offset(), offsets.get(new TopicPartition(topic, other.partition())).offset()))
          .orElseThrow();
      var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
      String insync = admin.describeConfigs(List.of(resource)).all().get(20, TimeUnit.SECONDS).get(resource).get("min.insync.replicas").value();
      System.out.printf(
          "%d %d %d %d %s%n",
          fullest.partition(), fullest.leader() == null ? -1 : fullest.leader().id(), fullest.replicas().size(), fullest.isr().size(), insync);
    }
  }
}
