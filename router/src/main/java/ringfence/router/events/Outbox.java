package ringfence.router.events;

import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Event;
import ringfence.router.disk.Disk;

/// What the router tells, on disk. All events that wait at one time are made durable by one sync.
///
/// An event that is owed (usage, egress) stays in memory until it is durable, however often the
/// disk fails. How many can be owed is bounded by the requests in flight: [#refusal] says when no
/// new one should be taken. An event that is only told (a placement, a node's state) is dropped
/// where there is no room for it.
///
/// Safe for use by many threads; the disk is written by tasks on one executor, one at a time.
public final class Outbox implements AutoCloseable {
  private static final int MAX_BATCH = 1_024;
  private static final int MAX_BATCH_BYTES = 1 << 20;
  private static final long RETRY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Disk disk;
  private final OutboxSettings settings;
  private final String router;
  private final InstantSource clock;
  private final LongSupplier nanoClock;
  private final Executor committer;
  private final OutboxObserver observer;
  private final EventLog log;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private int told;
  private boolean scheduled;
  private boolean closed;
  private boolean failing;
  private long retryAtNanos;
  private volatile Runnable whenMore = () -> {};

  // Written by the committer, but for `acknowledged`.
  private List<Waiting> unwritten = List.of();
  private volatile long durable;
  private volatile long bytes;
  private volatile long floor;
  private volatile long acknowledged;

  private Outbox(
      Disk disk,
      OutboxSettings settings,
      String router,
      InstantSource clock,
      LongSupplier nanoClock,
      Executor committer,
      OutboxObserver observer,
      EventLog log) {
    this.disk = disk;
    this.settings = settings;
    this.router = router;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.committer = committer;
    this.observer = observer;
    this.log = log;
    this.acknowledged = log.published();
    show();
  }

  /// Opens the outbox of a disk, or begins one. Reads all of it.
  ///
  /// @param router its name
  /// @param clock what events say of the time
  /// @param nanoClock what pauses are measured by
  /// @param committer runs one task at a time
  /// @throws IOException when it can't be read or written
  public static Outbox open(
      Disk disk,
      OutboxSettings settings,
      String router,
      InstantSource clock,
      LongSupplier nanoClock,
      Executor committer,
      OutboxObserver observer)
      throws IOException {
    EventLog log = EventLog.open(disk, settings, observer);
    return new Outbox(disk, settings, router, clock, nanoClock, committer, observer, log);
  }

  /// An event on its way to the disk.
  ///
  /// @param durable null: nobody waits for it
  private record Waiting(Event.Builder event, @Nullable CompletableFuture<Void> durable) {}

  /// Takes an event that must not be lost.
  ///
  /// @return completes on the committer's thread when the event is durable; never, when the process
  ///   ends before
  public CompletableFuture<Void> owe(Event.Builder event) {
    CompletableFuture<Void> written = new CompletableFuture<>();
    lock.lock();
    try {
      queue.addLast(new Waiting(stamped(event), written));
      schedule();
    } finally {
      lock.unlock();
    }
    return written;
  }

  /// Takes an event that may be lost, where there is room for it.
  public void tell(Event.Builder event) {
    boolean taken = false;
    lock.lock();
    try {
      if (!closed && !failing && told < settings.maxTold() && bytes < settings.toldBytes()) {
        queue.addLast(new Waiting(stamped(event), null));
        told++;
        taken = true;
        schedule();
      }
    } finally {
      lock.unlock();
    }
    if (!taken) {
      observer.dropped();
    }
  }

  private Event.Builder stamped(Event.Builder event) {
    return event.setTimeMillis(clock.millis()).setRouter(router);
  }

  /// Why nothing should be begun that will owe events; null: it may.
  public @Nullable String refusal() {
    lock.lock();
    try {
      if (failing) {
        return "the outbox of events can't be written";
      }
      return bytes >= settings.requestBytes()
          ? "the outbox of events is full of what was not published yet"
          : null;
    } finally {
      lock.unlock();
    }
  }

  /// How long somebody may wait for an event.
  public java.time.Duration waitLimit() {
    return settings.waitLimit();
  }

  private void schedule() {
    boolean pausing = failing && nanoClock.getAsLong() - retryAtNanos < 0;
    if (!scheduled && !pausing) {
      try {
        committer.execute(this::commit);
        scheduled = true;
      } catch (RejectedExecutionException goingDown) {
        closed = true;
      }
    }
  }

  private void commit() {
    List<Waiting> batch = nextBatch();
    boolean failed = false;
    if (!batch.isEmpty()) {
      long began = nanoClock.getAsLong();
      try {
        log.repair();
        log.append(batch.stream().map(Waiting::event).toList());
        unwritten = List.of();
        observer.committed(batch.size(), nanoClock.getAsLong() - began);
      } catch (IOException | RuntimeException broken) {
        failed = true;
        observer.commitFailed(String.valueOf(broken));
      }
      show();
    }
    goOn(failed);
    if (!failed) {
      for (Waiting waiting : batch) {
        if (waiting.durable() != null) {
          waiting.durable().complete(null);
        }
      }
      whenMore.run();
    }
  }

  private void show() {
    durable = log.last();
    bytes = log.bytes();
    floor = log.published();
  }

  /// What a failed commit has left comes first, then what waits.
  private List<Waiting> nextBatch() {
    if (!unwritten.isEmpty()) {
      return unwritten;
    }
    List<Waiting> next = new ArrayList<>();
    lock.lock();
    try {
      int size = 0;
      while (!queue.isEmpty() && next.size() < MAX_BATCH && size < MAX_BATCH_BYTES) {
        Waiting waiting = queue.removeFirst();
        if (waiting.durable() == null) {
          told--;
        }
        next.add(waiting);
        size += waiting.event().build().getSerializedSize();
      }
    } finally {
      lock.unlock();
    }
    unwritten = List.copyOf(next);
    return unwritten;
  }

  private void goOn(boolean failed) {
    lock.lock();
    try {
      failing = failed;
      retryAtNanos = nanoClock.getAsLong() + RETRY_PAUSE_NANOS;
      scheduled = false;
      if (!queue.isEmpty()) {
        schedule();
      }
    } finally {
      lock.unlock();
    }
  }

  /// Tries again what failed, drops what need not be kept and writes down what was published. To be
  /// called about every second.
  public void keepHouse() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      committer.execute(this::tidy);
      if (failing || !queue.isEmpty()) {
        schedule();
      }
    } catch (RejectedExecutionException goingDown) {
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  private void tidy() {
    try {
      log.published(acknowledged);
      log.retain(clock.millis());
    } catch (IOException | RuntimeException broken) {
      observer.commitFailed(String.valueOf(broken));
    }
    show();
  }

  /// Everything up to that sequence has reached its receiver. It is written down soon: see
  /// [#floor].
  public void acknowledged(long sequence) {
    acknowledged = sequence;
    try {
      committer.execute(this::tidy);
    } catch (RejectedExecutionException goingDown) {
      // It is sent again after the next start, and known by its id.
    }
  }

  /// Nothing up to that sequence is ever sent again.
  public long floor() {
    return floor;
  }

  /// The last durable event's sequence.
  public long durable() {
    return durable;
  }

  /// Of all segments.
  public long bytes() {
    return bytes;
  }

  /// Events that wait for the disk.
  public int waiting() {
    lock.lock();
    try {
      return queue.size();
    } finally {
      lock.unlock();
    }
  }

  /// Its id, which no other outbox has.
  public String id() {
    return log.id();
  }

  /// Reads events in their order, beside what is being written.
  ///
  /// @param after the sequence before the first one
  public OutboxReader reader(long after) {
    return new OutboxReader(disk, after, observer::damaged);
  }

  /// What is to be called, quickly and on the committer's thread, when there are more durable
  /// events.
  public void whenMore(Runnable called) {
    whenMore = called;
  }

  /// Writes what is left and down what was published. The committer must have ended.
  @Override
  public void close() throws IOException {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    try (disk) {
      commit();
      while (!failing && waiting() > 0) {
        commit();
      }
      log.published(acknowledged);
    }
  }
}
