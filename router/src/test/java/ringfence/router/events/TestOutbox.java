package ringfence.router.events;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.PlacementEvent;
import ringfence.proto.v1.UsageEvent;
import ringfence.router.disk.Disk;

/// An outbox on virtual time, whose committer runs when a test says so.
public final class TestOutbox implements OutboxObserver {
  static final OutboxSettings SMALL =
      new OutboxSettings(20_000, 1_000, Duration.ofDays(1), 8, Duration.ofSeconds(2), false);
  static final OutboxSettings PUBLISHING =
      new OutboxSettings(20_000, 1_000, Duration.ofDays(1), 8, Duration.ofSeconds(2), true);

  final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  final List<String> said = new ArrayList<>();
  int dropped;
  long nanos;
  public final Outbox outbox;

  TestOutbox(Disk disk, OutboxSettings settings) throws IOException {
    Executor committer = tasks::add;
    outbox =
        Outbox.open(
            disk,
            settings,
            "test",
            () -> Instant.ofEpochMilli(1_700_000_000_000L + TimeUnit.NANOSECONDS.toMillis(nanos)),
            () -> nanos,
            committer,
            this);
  }

  public static Event.Builder usage(String requestId, long tokens) {
    return Event.newBuilder()
        .setUsage(
            UsageEvent.newBuilder()
                .setRequestId(requestId)
                .setTenant("tenant-" + requestId.hashCode() % 5)
                .setModel("m")
                .setBooked(true)
                .setAnswerTokens(tokens));
  }

  CompletableFuture<Void> owe(String requestId) {
    return outbox.owe(usage(requestId, 7));
  }

  void tell(String requestId) {
    outbox.tell(
        Event.newBuilder().setPlacement(PlacementEvent.newBuilder().setRequestId(requestId)));
  }

  /// Lets the committer work until it has nothing to do.
  void commit() {
    while (!tasks.isEmpty()) {
      nanos += 2_000_000;
      tasks.removeFirst().run();
    }
  }

  void keepHouse() {
    nanos += TimeUnit.SECONDS.toNanos(1);
    outbox.keepHouse();
    commit();
  }

  static List<Event> all(Disk disk) throws IOException {
    List<Event> all = new ArrayList<>();
    OutboxReader reader = new OutboxReader(disk, 0, (_, _, _) -> {});
    List<Event> next = reader.next(3, Long.MAX_VALUE);
    while (!next.isEmpty()) {
      all.addAll(next);
      next = reader.next(3, Long.MAX_VALUE);
    }
    return all;
  }

  static List<String> usages(Disk disk) throws IOException {
    return all(disk).stream()
        .filter(Event::hasUsage)
        .map(event -> event.getUsage().getRequestId())
        .toList();
  }

  @Override
  public void committed(int events, long took) {
    said.add("committed " + events);
  }

  @Override
  public void commitFailed(String why) {
    said.add("failed " + why);
  }

  @Override
  public void dropped() {
    dropped++;
  }

  @Override
  public void tailCutOff(String segment, long bytes) {
    said.add("cut off " + bytes);
  }

  @Override
  public void damaged(String segment, long offset, long bytes) {
    said.add("damaged " + segment);
  }

  @Override
  public void removed(String segment) {
    said.add("removed " + segment);
  }
}
