package ringfence.router.events.kafka;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;

/// Reads events from Kafka from the beginning, each once.
public final class EventConsumer implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final Consumer<byte[], byte[]> consumer;
  private final Repetitions repetitions = new Repetitions();
  private final Map<TopicPartition, Long> ends;
  private long repeated;

  /// @param topics those that are there of these
  /// @throws IOException when there is no broker, or none of the topics
  public EventConsumer(KafkaSettings settings, List<String> topics) throws IOException {
    Properties client = settings.client();
    client.put("enable.auto.commit", "false");
    client.put("auto.offset.reset", "earliest");
    client.putIfAbsent("default.api.timeout.ms", Long.toString(LIMIT.toMillis()));
    consumer =
        new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    boolean open = false;
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      Map<String, List<org.apache.kafka.common.PartitionInfo>> there = consumer.listTopics(LIMIT);
      for (String topic : topics) {
        for (var partition : there.getOrDefault(topic, List.of())) {
          partitions.add(new TopicPartition(topic, partition.partition()));
        }
      }
      if (partitions.isEmpty()) {
        throw new IOException(
            "no topic of " + topics + " is on " + settings.bootstrap() + "; is the prefix right?");
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      ends = consumer.endOffsets(partitions, LIMIT);
      open = true;
    } catch (KafkaException unreachable) {
      throw new IOException(
          "Kafka at " + settings.bootstrap() + " can't be read: " + unreachable.getMessage(),
          unreachable);
    } finally {
      if (!open) {
        consumer.close();
      }
    }
  }

  /// The next events without repetitions; also none.
  public List<Event> next() throws IOException {
    List<Event> events = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
      Event event;
      try {
        event = Event.parseFrom(record.value());
      } catch (InvalidProtocolBufferException notOne) {
        throw new IOException(
            record.topic() + "-" + record.partition() + " at " + record.offset() + " is no event");
      }
      if (repetitions.isRepetition(
          record.topic() + "-" + record.partition(),
          event.getOutbox(),
          event.getSequence(),
          floor(record.headers().lastHeader(KafkaPublisher.FLOOR_HEADER)))) {
        repeated++;
      } else {
        events.add(event);
      }
    }
    return events;
  }

  private static long floor(@Nullable Header header) {
    return header == null
        ? 0
        : Long.parseLong(new String(header.value(), StandardCharsets.US_ASCII));
  }

  /// Whether all is read that was there when it was opened.
  public boolean isAtEnd() {
    return ends.entrySet().stream()
        .allMatch(end -> consumer.position(end.getKey(), LIMIT) >= end.getValue());
  }

  /// Records that were repetitions.
  public long repeated() {
    return repeated;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
