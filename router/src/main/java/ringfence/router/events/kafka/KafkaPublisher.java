package ringfence.router.events.kafka;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.router.events.Outbox;
import ringfence.router.events.OutboxReader;

/// Sends the outbox to Kafka, each event at least once and in order, and tells the outbox what has
/// arrived. One thread; at most [#WINDOW] events are under way.
///
/// The producer waits for a broker as long as it takes and gives no event up, so that none
/// overtakes one that failed. When it can't go on, everything after the last acknowledged event is
/// sent again by a new one.
public final class KafkaPublisher implements AutoCloseable {
  /// The deduplication id, `OUTBOX/SEQUENCE`.
  static final String EVENT_HEADER = "ringfence-event";

  /// A sequence at or below which nothing is sent again.
  static final String FLOOR_HEADER = "ringfence-floor";

  private static final int WINDOW = 8_192;
  private static final int BATCH = 512;
  private static final long IDLE_MILLIS = 500;
  private static final long KEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long FIRST_PAUSE_MILLIS = 500;
  private static final long MOST_PAUSE_MILLIS = 10_000;
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final Outbox outbox;
  private final KafkaSettings settings;
  private final PublisherObserver observer;
  private final Topics topics;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition news = lock.newCondition();
  private boolean isNews;
  private volatile boolean closed;

  private KafkaPublisher(Outbox outbox, KafkaSettings settings, PublisherObserver observer) {
    this.outbox = outbox;
    this.settings = settings;
    this.observer = observer;
    this.topics = new Topics(settings);
    this.thread = Thread.ofPlatform().name("router-events-kafka").daemon().unstarted(this::run);
  }

  /// Begins to publish after what was acknowledged last.
  public static KafkaPublisher start(
      Outbox outbox, KafkaSettings settings, PublisherObserver observer) {
    KafkaPublisher publisher = new KafkaPublisher(outbox, settings, observer);
    outbox.whenMore(publisher::wake);
    publisher.thread.start();
    return publisher;
  }

  private void wake() {
    lock.lock();
    try {
      isNews = true;
      news.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void rest(long millis) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (!isNews && !closed && left > 0) {
        left = news.awaitNanos(left);
      }
      isNews = false;
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    long pause = FIRST_PAUSE_MILLIS;
    while (!closed) {
      long before = outbox.floor();
      try {
        session();
      } catch (InterruptedException interrupted) {
        return;
      } catch (KafkaException
          | ExecutionException
          | TimeoutException
          | IOException
          | IllegalStateException broken) {
        observer.broken(why(broken));
      }
      pause = outbox.floor() > before ? FIRST_PAUSE_MILLIS : Math.min(2 * pause, MOST_PAUSE_MILLIS);
      try {
        pause(pause);
      } catch (InterruptedException interrupted) {
        return;
      }
    }
  }

  /// Not cut short by news: there always is some.
  private void pause(long millis) throws InterruptedException {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      while (!closed && left > 0) {
        left = news.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private static String why(Exception broken) {
    Throwable cause = broken instanceof ExecutionException ? broken.getCause() : broken;
    return String.valueOf(cause == null ? broken : cause);
  }

  private Properties producer() {
    Properties producer = settings.client();
    producer.put("acks", "all");
    producer.put("enable.idempotence", "true");
    producer.put("retries", Integer.toString(Integer.MAX_VALUE));
    producer.put("delivery.timeout.ms", Integer.toString(Integer.MAX_VALUE));
    producer.put("max.in.flight.requests.per.connection", "5");
    producer.putIfAbsent("client.id", "ringfence-" + outbox.id());
    producer.putIfAbsent("linger.ms", "5");
    producer.putIfAbsent("request.timeout.ms", "15000");
    producer.putIfAbsent("max.block.ms", "15000");
    producer.putIfAbsent("reconnect.backoff.max.ms", "2000");
    producer.putIfAbsent("compression.type", "none");
    return producer;
  }

  private void session()
      throws InterruptedException, ExecutionException, TimeoutException, IOException {
    try (Admin admin = Admin.create(settings.client())) {
      topics.make(admin);
    }
    Producer<byte[], byte[]> producer =
        new KafkaProducer<>(producer(), new ByteArraySerializer(), new ByteArraySerializer());
    boolean whole = false;
    try {
      observer.connected();
      new Session(producer).run();
      whole = true;
    } finally {
      producer.close(whole ? CLOSE_LIMIT : Duration.ZERO);
    }
  }

  /// An event that was sent.
  private static final class Sent {
    final long sequence;
    volatile boolean arrived;

    Sent(long sequence) {
      this.sequence = sequence;
    }
  }

  /// What one producer does.
  private final class Session {
    private final Producer<byte[], byte[]> producer;
    private final ArrayDeque<Sent> underWay = new ArrayDeque<>();
    private final OutboxReader reader = outbox.reader(outbox.floor());
    private volatile @Nullable Exception failed;
    private long arrived = outbox.floor();
    private long told = arrived;
    private long toldNanos = System.nanoTime();

    Session(Producer<byte[], byte[]> producer) {
      this.producer = producer;
    }

    void run() throws IOException, InterruptedException {
      while (!closed) {
        List<Event> events =
            underWay.size() < WINDOW ? reader.next(BATCH, outbox.durable()) : List.of();
        for (Event event : events) {
          send(event);
        }
        takeStock();
        if (events.isEmpty()) {
          rest(IDLE_MILLIS);
        }
      }
      producer.flush();
      takeStock();
    }

    private void send(Event event) {
      Sent sent = new Sent(event.getSequence());
      underWay.addLast(sent);
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(
              topics.of(event),
              null,
              event.getTimeMillis(),
              Topics.key(event).getBytes(StandardCharsets.UTF_8),
              event.toByteArray());
      record
          .headers()
          .add(EVENT_HEADER, ascii(event.getOutbox() + "/" + event.getSequence()))
          .add(FLOOR_HEADER, ascii(Long.toString(outbox.floor())));
      var _ =
          producer.send(
              record,
              (_, broken) -> {
                if (broken == null) {
                  sent.arrived = true;
                } else {
                  failed = broken;
                }
                wake();
              });
    }

    private static byte[] ascii(String text) {
      return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// Tells the outbox how far everything has arrived.
    private void takeStock() {
      int more = 0;
      Sent oldest = underWay.peekFirst();
      while (oldest != null && oldest.arrived) {
        arrived = oldest.sequence;
        underWay.removeFirst();
        more++;
        oldest = underWay.peekFirst();
      }
      if (more > 0) {
        observer.acknowledged(more);
      }
      long now = System.nanoTime();
      if (arrived > told && (underWay.isEmpty() || now - toldNanos > KEEP_NANOS)) {
        told = arrived;
        toldNanos = now;
        outbox.acknowledged(arrived);
      }
      Exception broken = failed;
      if (broken != null) {
        throw new IllegalStateException("an event was not taken: " + broken, broken);
      }
    }
  }

  /// Stops; what was not acknowledged is sent after the next start.
  @Override
  public void close() {
    closed = true;
    wake();
    try {
      thread.join(2 * CLOSE_LIMIT.toMillis());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      thread.interrupt();
    }
  }
}
