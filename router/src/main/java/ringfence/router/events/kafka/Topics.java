package ringfence.router.events.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import ringfence.proto.v1.Event;

/// Which event goes to which topic under which key.
public final class Topics {
  private static final long LIMIT_SECONDS = 20;

  private final KafkaSettings settings;

  public Topics(KafkaSettings settings) {
    this.settings = settings;
  }

  /// All names, in no order.
  public List<String> names() {
    return List.of(usage(), egress(), placement(), nodeState());
  }

  String usage() {
    return settings.topicPrefix() + ".usage";
  }

  String egress() {
    return settings.topicPrefix() + ".egress";
  }

  String placement() {
    return settings.topicPrefix() + ".placement";
  }

  String nodeState() {
    return settings.topicPrefix() + ".node-state";
  }

  String of(Event event) {
    return switch (event.getEventCase()) {
      case USAGE -> usage();
      case EGRESS -> egress();
      case PLACEMENT, ATTEMPT_ENDED, EVENT_NOT_SET -> placement();
      case NODE_STATE -> nodeState();
    };
  }

  static String key(Event event) {
    return switch (event.getEventCase()) {
      case USAGE -> event.getUsage().getTenant();
      case EGRESS -> event.getEgress().getTenant();
      case PLACEMENT -> event.getPlacement().getTenant();
      case ATTEMPT_ENDED -> event.getAttemptEnded().getTenant();
      case NODE_STATE -> event.getRouter() + "/" + event.getNodeState().getNode();
      case EVENT_NOT_SET -> "";
    };
  }

  /// Makes those that are not there; those that are stay as they are.
  void make(Admin admin) throws InterruptedException, ExecutionException, TimeoutException {
    Set<String> there = admin.listTopics().names().get(LIMIT_SECONDS, TimeUnit.SECONDS);
    List<NewTopic> missing = new ArrayList<>();
    for (NewTopic topic :
        List.of(
            kept(usage(), settings.usageAge()),
            kept(egress(), settings.egressAge()),
            kept(placement(), settings.placementAge()),
            compacted(nodeState()))) {
      if (!there.contains(topic.name())) {
        missing.add(topic);
      }
    }
    for (var made : admin.createTopics(missing).values().values()) {
      try {
        made.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException failed) {
        // Another router was quicker.
        if (!(failed.getCause() instanceof TopicExistsException)) {
          throw failed;
        }
      }
    }
  }

  private NewTopic kept(String name, Duration age) {
    return topic(name)
        .configs(
            with(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_DELETE,
                TopicConfig.RETENTION_MS_CONFIG,
                Long.toString(age.toMillis())));
  }

  private NewTopic compacted(String name) {
    return topic(name)
        .configs(with(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
  }

  /// What is acknowledged must outlive its leader: another replica has it too, and with one down
  /// there still are two.
  private Map<String, String> with(String... namesAndValues) {
    Map<String, String> configs = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      configs.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    if (settings.replicas() > 2) {
      configs.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "2");
    }
    return configs;
  }

  private NewTopic topic(String name) {
    return new NewTopic(
        name,
        Optional.of(settings.partitions()),
        settings.replicas() == 0 ? Optional.empty() : Optional.of((short) settings.replicas()));
  }
}
