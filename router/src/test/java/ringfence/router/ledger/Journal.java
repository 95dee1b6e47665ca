package ringfence.router.ledger;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.Zone;
import ringfence.router.disk.MemoryDisk;

/// A ledger on a [MemoryDisk] and on virtual time, whose committer runs when a test says so.
public final class Journal implements LedgerObserver {
  static final LedgerSettings SMALL =
      new LedgerSettings(
          2_000, 40, Duration.ofDays(1), 8, Duration.ofSeconds(2), Duration.ofMillis(1));

  final MemoryDisk disk;
  final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  final List<String> said = new ArrayList<>();
  public final Ledger ledger;
  long nanos;
  private int number;

  public Journal(MemoryDisk disk) throws IOException {
    this(disk, SMALL);
  }

  public Journal(MemoryDisk disk, LedgerSettings settings) throws IOException {
    this.disk = disk;
    Executor committer = tasks::add;
    this.ledger =
        Ledger.open(
            disk,
            settings,
            () -> Instant.ofEpochMilli(1_700_000_000_000L + TimeUnit.NANOSECONDS.toMillis(nanos)),
            () -> nanos,
            committer,
            this);
  }

  static ByteString content(String requestId) {
    return ByteString.copyFromUtf8("the words of " + requestId);
  }

  public CompletableFuture<LedgerReceipt> append(String requestId) {
    return ledger.append(
        Departure.newBuilder()
            .setRequestId(requestId)
            .setAttempt(1)
            .setTenant("acme")
            .setTarget("far-" + number++ % 3)
            .setZone(Zone.ZONE_EXTERNAL),
        content(requestId));
  }

  /// Lets the committer work until it has nothing to do.
  public void commit() {
    while (!tasks.isEmpty()) {
      nanos += 2_000_000;
      tasks.removeFirst().run();
    }
  }

  /// So many requests, each in a commit of its own.
  Journal filled(int requests) {
    for (int i = 1; i <= requests; i++) {
      append("r" + i);
      commit();
    }
    return this;
  }

  @Override
  public void committed(int records, long taken) {
    said.add("committed " + records);
  }

  @Override
  public void commitFailed(String why) {
    said.add("failed " + why);
  }

  @Override
  public void tailCutOff(String segment, long bytes) {
    said.add("cut off " + bytes);
  }

  @Override
  public void dropped(long throughSequence) {
    said.add("dropped " + throughSequence);
  }
}
