package ringfence.router.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import ringfence.proto.v1.Event;
import ringfence.router.disk.FolderDisk;
import ringfence.router.events.OutboxReader;
import ringfence.router.events.kafka.EventConsumer;
import ringfence.router.events.kafka.KafkaSettings;
import ringfence.router.events.kafka.Topics;

/// Where events are read from.
sealed interface EventSource extends AutoCloseable {

  /// The next events, each once; also none.
  List<Event> next() throws IOException;

  /// Whether there are no more now.
  boolean isAtEnd();

  /// Events that came again and were left out.
  long repeated();

  @Override
  void close() throws IOException;

  /// Kinds of events, as the topics have them.
  enum Kind {
    usage,
    egress,
    placement,
    node_state;

    boolean is(Event event) {
      return this
          == switch (event.getEventCase()) {
            case USAGE -> usage;
            case EGRESS -> egress;
            case PLACEMENT, ATTEMPT_ENDED, EVENT_NOT_SET -> placement;
            case NODE_STATE -> node_state;
          };
    }
  }

  /// The options that say it.
  final class Options {
    @ArgGroup(multiplicity = "1")
    private Place place = new Place();

    static final class Place {
      @Option(
          names = "--folder",
          paramLabel = "FOLDER",
          description = "An outbox (ringfence.router.events.folder).")
      private @Nullable Path folder;

      @Option(
          names = "--kafka",
          paramLabel = "HOST:PORT",
          description = "Brokers, comma-separated.")
      private @Nullable String kafka;
    }

    @Option(
        names = "--topic-prefix",
        paramLabel = "PREFIX",
        defaultValue = "ringfence",
        description = "Of the topics' names (default: ${DEFAULT-VALUE}).")
    private String prefix = "";

    @Option(
        names = "--kafka-properties",
        paramLabel = "FILE",
        description = "Properties of Kafka's clients, such as security.protocol.")
    private @Nullable Path properties;

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        split = ",",
        description = "Only these: ${COMPLETION-CANDIDATES}.")
    private @Nullable Set<Kind> kinds;

    EventSource open() throws IOException {
      Set<Kind> wanted = kinds;
      Predicate<Event> wants =
          event -> wanted == null || wanted.stream().anyMatch(kind -> kind.is(event));
      Path folder = place.folder;
      if (folder != null) {
        return new OfFolder(FolderDisk.reading(folder), wants);
      }
      KafkaSettings settings =
          new KafkaSettings(
              String.valueOf(place.kafka),
              prefix,
              1,
              0,
              Duration.ZERO,
              Duration.ZERO,
              Duration.ZERO,
              read(properties));
      return new OfKafka(new EventConsumer(settings, new Topics(settings).names()), wants);
    }

    private static Map<String, String> read(@Nullable Path file) throws IOException {
      Map<String, String> read = new HashMap<>();
      if (file != null) {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
          properties.load(reader);
        }
        properties.stringPropertyNames().forEach(key -> read.put(key, properties.getProperty(key)));
      }
      return read;
    }
  }

  /// An outbox.
  final class OfFolder implements EventSource {
    private static final int BATCH = 1_000;

    private final FolderDisk disk;
    private final OutboxReader reader;
    private final Predicate<Event> wants;
    private boolean atEnd;

    OfFolder(FolderDisk disk, Predicate<Event> wants) {
      this.disk = disk;
      this.wants = wants;
      this.reader =
          new OutboxReader(
              disk,
              0,
              (segment, offset, bytes) ->
                  System.err.printf(
                      "%s, byte %d: %d bytes are no events any more%n", segment, offset, bytes));
    }

    @Override
    public List<Event> next() throws IOException {
      List<Event> events = reader.next(BATCH, Long.MAX_VALUE);
      atEnd = events.isEmpty();
      return events.stream().filter(wants).toList();
    }

    @Override
    public boolean isAtEnd() {
      return atEnd;
    }

    @Override
    public long repeated() {
      return 0;
    }

    @Override
    public void close() throws IOException {
      disk.close();
    }
  }

  /// Kafka.
  final class OfKafka implements EventSource {
    private final EventConsumer consumer;
    private final Predicate<Event> wants;

    OfKafka(EventConsumer consumer, Predicate<Event> wants) {
      this.consumer = consumer;
      this.wants = wants;
    }

    @Override
    public List<Event> next() throws IOException {
      return consumer.next().stream().filter(wants).toList();
    }

    @Override
    public boolean isAtEnd() {
      return consumer.isAtEnd();
    }

    @Override
    public long repeated() {
      return consumer.repeated();
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
