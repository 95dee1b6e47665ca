package ringfence.router.events.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.NodeStateEvent;
import ringfence.router.TestRouter;
import ringfence.router.disk.MemoryDisk;
import ringfence.router.events.Outbox;
import ringfence.router.events.OutboxSettings;
import ringfence.router.events.SilentObserver;
import ringfence.router.events.TestOutbox;

/// Against a real broker in this process.
class KafkaPublisherTest {
  @TempDir static Path folder;
  private static KafkaBroker broker;

  private final ExecutorService committer = Executors.newSingleThreadExecutor();
  private final AtomicInteger broken = new AtomicInteger();
  private final List<CompletableFuture<Void>> owed = new ArrayList<>();

  @BeforeAll
  static void format() throws Exception {
    broker = new KafkaBroker(folder);
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  private Outbox open(MemoryDisk disk) throws IOException {
    return Outbox.open(
        disk,
        new OutboxSettings(1 << 20, 4_000, Duration.ofDays(1), 100, Duration.ofSeconds(2), true),
        "test",
        InstantSource.system(),
        System::nanoTime,
        committer,
        new SilentObserver());
  }

  private KafkaPublisher publish(Outbox outbox, KafkaSettings settings) {
    return KafkaPublisher.start(
        outbox,
        settings,
        new PublisherObserver() {
          @Override
          public void connected() {}

          @Override
          public void acknowledged(int events) {}

          @Override
          public void broken(String why) {
            broken.incrementAndGet();
          }
        });
  }

  private static KafkaSettings settings(String prefix) {
    return new KafkaSettings(
        broker.address(),
        prefix,
        3,
        1,
        Duration.ofDays(90),
        Duration.ofDays(400),
        Duration.ofDays(7),
        Map.of("reconnect.backoff.max.ms", "200", "retry.backoff.max.ms", "200"));
  }

  private void owe(Outbox outbox, int from, int to) {
    for (int i = from; i < to; i++) {
      owed.add(outbox.owe(TestOutbox.usage("r" + i, i)));
    }
  }

  /// Every request once, and how many records were repetitions.
  private static long counted(KafkaSettings settings, int requests) throws IOException {
    try (EventConsumer consumer = new EventConsumer(settings, new Topics(settings).names())) {
      List<Event> events = new ArrayList<>();
      while (!consumer.isAtEnd()) {
        events.addAll(consumer.next());
      }
      assertThat(
              events.stream().filter(Event::hasUsage).map(event -> event.getUsage().getRequestId()))
          .hasSize(requests)
          .doesNotHaveDuplicates();
      return consumer.repeated();
    }
  }

  @Test
  void nothingIsLostOrCountedTwiceWhenBrokersAndRoutersGoAndCome() throws Exception {
    KafkaSettings settings = settings("gone");
    MemoryDisk disk = new MemoryDisk();
    Outbox outbox = open(disk);
    // The broker is not there yet.
    KafkaPublisher publisher = publish(outbox, settings);
    owe(outbox, 0, 500);
    outbox.tell(
        Event.newBuilder()
            .setNodeState(
                NodeStateEvent.newBuilder()
                    .setNode("node-1")
                    .setChange(NodeStateEvent.Change.JOINED)));
    CompletableFuture.allOf(owed.toArray(CompletableFuture[]::new)).get(10, TimeUnit.SECONDS);
    assertThat(outbox.floor()).isZero();
    broker.start();
    TestRouter.await(() -> outbox.floor() == 501);
    assertThat(counted(settings, 500)).isZero();

    // It goes away in the middle and comes back: what it did not acknowledge comes again or still.
    owe(outbox, 500, 700);
    broker.stop();
    owe(outbox, 700, 1_000);
    CompletableFuture.allOf(owed.toArray(CompletableFuture[]::new)).get(10, TimeUnit.SECONDS);
    // The router is killed here: what it knew at this moment is all that is left of it.
    MemoryDisk left = disk.copy();
    broker.start();
    TestRouter.await(() -> outbox.floor() == 1_001);
    publisher.close();
    counted(settings, 1_000);

    // The one that starts from that sends much of it again.
    Outbox again = open(left);
    long before = again.floor();
    assertThat(before).isBetween(501L, 1_000L);
    try (KafkaPublisher _ = publish(again, settings)) {
      owe(again, 1_000, 1_100);
      TestRouter.await(() -> again.floor() == 1_101);
    }
    assertThat(counted(settings, 1_100)).isEqualTo(1_001 - before);
    theTopicsAreAsDocumented(settings);
    committer.shutdown();
  }

  private static void theTopicsAreAsDocumented(KafkaSettings settings) throws Exception {
    Properties client = new Properties();
    client.put("bootstrap.servers", settings.bootstrap());
    try (Admin admin = Admin.create(client)) {
      var resources =
          new Topics(settings)
              .names().stream()
                  .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                  .toList();
      var configs = admin.describeConfigs(resources).all().get(10, TimeUnit.SECONDS);
      configs.forEach((topic, config) -> {
        boolean compacted = topic.name().endsWith(".node-state");
        assertThat(config.get("cleanup.policy").value())
            .isEqualTo(compacted ? "compact" : "delete");
      });
      assertThat(
              configs
                  .get(new ConfigResource(ConfigResource.Type.TOPIC, "gone.egress"))
                  .get("retention.ms")
                  .value())
          .isEqualTo(Long.toString(Duration.ofDays(400).toMillis()));
      var described =
          admin
              .describeTopics(new Topics(settings).names())
              .allTopicNames()
              .get(10, TimeUnit.SECONDS);
      assertThat(described.values()).allMatch(topic -> topic.partitions().size() == 3);
    }
    assertThatThrownBy(
            () -> new EventConsumer(settings("wrong"), new Topics(settings("wrong")).names()))
        .hasMessageContaining("wrong.usage")
        .hasMessageContaining("is the prefix right");
  }
}
