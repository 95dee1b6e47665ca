package ringfence.router.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.router.disk.FolderDisk;
import ringfence.router.events.Outbox;
import ringfence.router.events.OutboxObserver;
import ringfence.router.events.OutboxReader;
import ringfence.router.events.kafka.KafkaPublisher;
import ringfence.router.events.kafka.PublisherObserver;

/// The router's outbox with the thread that writes it and the one that publishes it.
final class OpenOutbox implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(OpenOutbox.class);
  private static final long CLOSE_SECONDS = 5;

  private final ExecutorService committer;
  private final Outbox outbox;
  private final @Nullable KafkaPublisher publisher;

  private OpenOutbox(ExecutorService committer, Outbox outbox, @Nullable KafkaPublisher publisher) {
    this.committer = committer;
    this.outbox = outbox;
    this.publisher = publisher;
  }

  /// Opens the outbox of a plan; null: it has none.
  ///
  /// @throws IOException that names the setting
  static @Nullable OpenOutbox of(
      EventsPlan plan, String router, LongSupplier nanoClock, MeterRegistry registry)
      throws IOException {
    if (plan.folder().isEmpty()) {
      return null;
    }
    // One thread that writes; what waits for it is bounded by the requests in flight and
    // max-waiting.
    ExecutorService committer =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("router-events").daemon().factory());
    FolderDisk disk = null;
    try {
      disk = FolderDisk.open(plan.folder().get());
      Outbox outbox =
          Outbox.open(
              disk,
              plan.outbox(),
              router,
              InstantSource.system(),
              nanoClock,
              committer,
              new Metered(registry));
      show(outbox, plan, registry);
      LOG.infof("outbox %s in %s, %d bytes", outbox.id(), disk, outbox.bytes());
      KafkaPublisher publisher =
          plan.kafka() == null
              ? null
              : KafkaPublisher.start(outbox, plan.kafka(), new MeteredPublisher(registry));
      return new OpenOutbox(committer, outbox, publisher);
    } catch (IOException failed) {
      committer.shutdownNow();
      if (disk != null) {
        disk.close();
      }
      throw new IOException(
          "ringfence.router.events.folder "
              + plan.folder().get()
              + " can't be used: "
              + failed.getMessage(),
          failed);
    }
  }

  private static void show(Outbox outbox, EventsPlan plan, MeterRegistry registry) {
    Gauge.builder("ringfence.router.events.waiting", outbox::waiting)
        .description("Events that wait for the disk")
        .register(registry);
    Gauge.builder("ringfence.router.events.bytes", outbox::bytes)
        .description("Bytes of the outbox on disk")
        .register(registry);
    Gauge.builder("ringfence.router.events.max.bytes", () -> plan.outbox().maxBytes())
        .description("What it may have")
        .register(registry);
    Gauge.builder(
            "ringfence.router.events.unpublished",
            () -> plan.kafka() == null ? 0 : outbox.durable() - outbox.floor())
        .description("Events that are on disk and not known to be published; 0 without Kafka")
        .register(registry);
  }

  Outbox outbox() {
    return outbox;
  }

  /// About the last so many events that are on disk, the oldest first; fewer where they can't be
  /// read.
  List<Event> recent(int most) {
    List<Event> events = new ArrayList<>();
    long last = outbox.durable();
    OutboxReader reader = outbox.reader(Math.max(0, last - most));
    try {
      List<Event> next = reader.next(most, last);
      while (!next.isEmpty() && events.size() < most) {
        events.addAll(next);
        next = reader.next(most, last);
      }
    } catch (IOException unreadable) {
      LOG.warnf("what happened before can't be shown: %s", unreadable);
    }
    return events;
  }

  @Override
  public void close() {
    if (publisher != null) {
      publisher.close();
    }
    committer.shutdown();
    try {
      if (!committer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.error("the outbox' last write hangs; its end is checked at the next start");
        return;
      }
      outbox.close();
    } catch (IOException failed) {
      LOG.errorf("the outbox could not be closed: %s", failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Metered implements OutboxObserver {
    private final Timer commits;
    private final Counter events;
    private final Counter failures;
    private final Counter dropped;

    Metered(MeterRegistry registry) {
      commits =
          Timer.builder("ringfence.router.events.commit")
              .description("Time of one commit of events, its sync included")
              .publishPercentileHistogram()
              .minimumExpectedValue(Duration.ofNanos(10_000))
              .maximumExpectedValue(Duration.ofSeconds(4))
              .register(registry);
      events =
          Counter.builder("ringfence.router.events.kept")
              .description("Events made durable")
              .register(registry);
      failures =
          Counter.builder("ringfence.router.events.failures")
              .description("Commits of events that failed and are tried again")
              .register(registry);
      dropped =
          Counter.builder("ringfence.router.events.dropped")
              .description("Placements and node states for which there was no room")
              .register(registry);
    }

    @Override
    public void committed(int count, long nanos) {
      commits.record(nanos, TimeUnit.NANOSECONDS);
      events.increment(count);
    }

    @Override
    public void commitFailed(String why) {
      failures.increment();
      LOG.errorf("events can't be written, and no new request is taken: %s", why);
    }

    @Override
    public void dropped() {
      dropped.increment();
    }

    @Override
    public void tailCutOff(String segment, long bytes) {
      LOG.warnf(
          "%s ended in %d bytes of a commit that was never completed; they were cut off",
          segment, bytes);
    }

    @Override
    public void damaged(String segment, long offset, long bytes) {
      LOG.errorf("%s, byte %d: %d bytes are no events any more", segment, offset, bytes);
    }

    @Override
    public void removed(String segment) {
      LOG.infof("retention dropped %s", segment);
    }
  }

  private static final class MeteredPublisher implements PublisherObserver {
    private final Counter published;
    private final Counter failures;

    MeteredPublisher(MeterRegistry registry) {
      published =
          Counter.builder("ringfence.router.events.published")
              .description("Events that Kafka has acknowledged")
              .register(registry);
      failures =
          Counter.builder("ringfence.router.events.publisher.failures")
              .description("Times that publishing had to begin anew")
              .register(registry);
    }

    @Override
    public void connected() {
      LOG.info("events are published to Kafka");
    }

    @Override
    public void acknowledged(int count) {
      published.increment(count);
    }

    @Override
    public void broken(String why) {
      failures.increment();
      LOG.warnf("events can't be published now and are kept in the outbox: %s", why);
    }
  }
}
