package ringfence.router.ledger;

import com.google.protobuf.ByteString;
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
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.LedgerHead;
import ringfence.proto.v1.LedgerRecord;
import ringfence.router.disk.Disk;
import ringfence.router.disk.Frames;
import ringfence.router.disk.Segments;

/// The account of what leaves. A departure's record is on disk before its [LedgerReceipt] exists;
/// all records that wait at one time are made durable by one sync (group commit). Safe for use by
/// many threads; the disk is written by tasks on one executor, one at a time.
public final class Ledger implements AutoCloseable {
  static final Frames FRAMES = new Frames("RFLEDG1\n");
  static final Segments SEGMENTS = new Segments("ledger-");
  private static final int MAX_BATCH = 1_024;
  private static final int MAX_BATCH_BYTES = 1 << 20;
  private static final long REPAIR_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Disk disk;
  private final LedgerSettings settings;
  private final InstantSource clock;
  private final LongSupplier nanoClock;
  private final Executor committer;
  private final LedgerObserver observer;
  private final LedgerKeys keys;
  private final Index index;
  private final Chain chain;
  private final Finder finder;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
  private final List<Waiting> committing = new ArrayList<>();
  private boolean scheduled;
  private boolean closed;
  private boolean failing;
  private long repairAtNanos;

  // The committer's own.
  private long headWrittenNanos;
  private volatile Tip durable;

  private Ledger(
      Disk disk,
      LedgerSettings settings,
      InstantSource clock,
      LongSupplier nanoClock,
      Executor committer,
      LedgerObserver observer,
      LedgerKeys keys,
      Index index,
      Chain chain) {
    this.disk = disk;
    this.settings = settings;
    this.clock = clock;
    this.nanoClock = nanoClock;
    this.committer = committer;
    this.observer = observer;
    this.keys = keys;
    this.index = index;
    this.chain = chain;
    this.finder = new Finder(disk, index);
    this.headWrittenNanos = nanoClock.getAsLong();
    this.durable = chain.tip();
  }

  /// Opens the ledger of a disk, or begins one where there is nothing. Reads and checks all of it.
  ///
  /// @param clock what records say of the time
  /// @param nanoClock what waiting is measured by
  /// @param committer runs one task at a time
  /// @throws LedgerDamagedException when something in it was changed, dropped or cut off
  /// @throws IOException when it can't be read or written
  public static Ledger open(
      Disk disk,
      LedgerSettings settings,
      InstantSource clock,
      LongSupplier nanoClock,
      Executor committer,
      LedgerObserver observer)
      throws IOException {
    List<String> names = disk.names();
    boolean recordsExist = !SEGMENTS.among(names).isEmpty();
    LedgerKeys keys = LedgerKeys.openOrMake(disk, recordsExist);
    boolean fresh = !recordsExist && !names.contains(ChainReader.HEAD);
    Index index = new Index();
    Chain chain = Chain.open(disk, settings, keys, index, observer, fresh);
    return new Ledger(disk, settings, clock, nanoClock, committer, observer, keys, index, chain);
  }

  /// Records that `bytes` are about to leave. The stage completes when the record is durable, or
  /// with a [LedgerUnavailableException] when it can't be made so within the limits; it completes
  /// on the committer's thread or the one that calls [#expire].
  ///
  /// @param facts without byte count and hash
  public CompletableFuture<LedgerReceipt> append(Departure.Builder facts, ByteString bytes) {
    Departure departure = facts.setByteCount(bytes.size()).setKeyedHash(keys.hash(bytes)).build();
    Waiting waiting = new Waiting(departure, nanoClock.getAsLong());
    String refusal =
        departure.getSerializedSize() > Frames.MAX_RECORD_BYTES / 2
            ? "a record of " + departure.getSerializedSize() + " bytes is too long"
            : enqueue(waiting);
    if (refusal != null) {
      waiting.result.completeExceptionally(new LedgerUnavailableException(refusal));
    }
    return waiting.result;
  }

  private @Nullable String enqueue(Waiting waiting) {
    lock.lock();
    try {
      if (closed) {
        return "the ledger is closed";
      }
      if (failing && waiting.sinceNanos - repairAtNanos < 0) {
        return "the ledger can't be written";
      }
      if (queue.size() >= settings.maxWaiting()) {
        return settings.maxWaiting() + " records wait already";
      }
      queue.addLast(waiting);
      schedule();
      return null;
    } finally {
      lock.unlock();
    }
  }

  private void schedule() {
    if (!scheduled) {
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
    if (batch.isEmpty()) {
      return;
    }
    long began = nanoClock.getAsLong();
    try {
      chain.repair();
      List<LedgerRecord.Builder> records = new ArrayList<>(batch.size());
      for (Waiting waiting : batch) {
        records.add(LedgerRecord.newBuilder().setDeparture(waiting.departure));
      }
      List<Long> sequences = chain.append(records, clock.millis());
      durable = chain.tip();
      observer.committed(batch.size(), nanoClock.getAsLong() - began);
      committed(false);
      for (int i = 0; i < batch.size(); i++) {
        Waiting waiting = batch.get(i);
        waiting.result.complete(new LedgerReceipt(sequences.get(i), waiting.departure));
      }
      writeHeadIfDue();
    } catch (IOException | RuntimeException failed) {
      refuse(batch, failed);
    } finally {
      goOn();
    }
  }

  private List<Waiting> nextBatch() {
    lock.lock();
    try {
      int bytes = 0;
      Waiting next = queue.peekFirst();
      while (next != null && committing.size() < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
        queue.removeFirst();
        if (!next.result.isDone()) {
          committing.add(next);
          bytes += next.departure.getSerializedSize();
        }
        next = queue.peekFirst();
      }
      if (committing.isEmpty()) {
        scheduled = false;
      }
      return List.copyOf(committing);
    } finally {
      lock.unlock();
    }
  }

  private void committed(boolean failed) {
    lock.lock();
    try {
      failing = failed;
      repairAtNanos = nanoClock.getAsLong() + REPAIR_PAUSE_NANOS;
    } finally {
      lock.unlock();
    }
  }

  /// Nothing of the batch may leave, nor what waits behind it: it would meet the same failure.
  private void refuse(List<Waiting> batch, Exception failed) {
    committed(true);
    observer.commitFailed(String.valueOf(failed));
    List<Waiting> refused = new ArrayList<>(batch);
    lock.lock();
    try {
      refused.addAll(queue);
      queue.clear();
    } finally {
      lock.unlock();
    }
    for (Waiting waiting : refused) {
      waiting.result.completeExceptionally(
          new LedgerUnavailableException("the ledger can't be written", failed));
    }
  }

  private void goOn() {
    lock.lock();
    try {
      committing.clear();
      scheduled = false;
      if (!queue.isEmpty()) {
        schedule();
      }
    } finally {
      lock.unlock();
    }
  }

  private void writeHeadIfDue() throws IOException {
    long now = nanoClock.getAsLong();
    if (now - headWrittenNanos >= settings.headInterval().toNanos()) {
      headWrittenNanos = now;
      chain.writeHead();
    }
  }

  /// Refuses what has waited too long, also for a commit that hangs, and has the committer look
  /// after the head and old segments. To be called about every second.
  public void keepHouse() {
    long now = nanoClock.getAsLong();
    List<Waiting> late = new ArrayList<>();
    lock.lock();
    try {
      for (Waiting waiting : committing) {
        if (isLate(waiting, now)) {
          late.add(waiting);
        }
      }
      while (!queue.isEmpty() && isLate(queue.getFirst(), now)) {
        late.add(queue.removeFirst());
      }
      if (!closed && !scheduled) {
        committer.execute(this::tidy);
      }
    } catch (RejectedExecutionException goingDown) {
      closed = true;
    } finally {
      lock.unlock();
    }
    for (Waiting waiting : late) {
      waiting.result.completeExceptionally(
          new LedgerUnavailableException(
              "the ledger did not write a record within " + settings.waitLimit()));
    }
  }

  private boolean isLate(Waiting waiting, long now) {
    return now - waiting.sinceNanos > settings.waitLimit().toNanos();
  }

  private void tidy() {
    try {
      if (chain.isUncertain()) {
        return;
      }
      long dropped = chain.retain(clock.millis());
      if (dropped > 0) {
        durable = chain.tip();
        observer.dropped(dropped);
      }
      writeHeadIfDue();
    } catch (IOException | RuntimeException failed) {
      committed(true);
      observer.commitFailed(String.valueOf(failed));
    }
  }

  /// Records that wait.
  public int waiting() {
    lock.lock();
    try {
      return queue.size() + committing.size();
    } finally {
      lock.unlock();
    }
  }

  /// Records on disk.
  public long records() {
    return index.records();
  }

  /// The last durable record.
  record Tip(long sequence, ByteString hash) {}

  /// A record as it is stored.
  public record Found(ByteString stored, LedgerRecord record, ByteString hash) {}

  /// A signed head over one record: who holds it can prove that the router has made the record.
  public LedgerHead vouch(Found found) {
    return keys.sign(found.record().getSequence(), found.hash());
  }

  /// The records of a tenant's request, the oldest first; none when another tenant's request has
  /// that id.
  ///
  /// @throws IOException when the disk can't be read
  public List<Found> find(String requestId, String tenant) throws IOException {
    return finder.find(requestId, tenant);
  }

  /// The signed head of all that is durable.
  public LedgerHead head() {
    Tip tip = durable;
    return keys.sign(tip.sequence(), tip.hash());
  }

  /// What verifies heads, as X.509 has it.
  public ByteString publicKey() {
    return ByteString.copyFrom(keys.verifying().getEncoded());
  }

  /// Refuses what waits and writes the head. The committer must have ended.
  @Override
  public void close() throws IOException {
    List<Waiting> left;
    lock.lock();
    try {
      closed = true;
      left = List.copyOf(queue);
      queue.clear();
    } finally {
      lock.unlock();
    }
    for (Waiting waiting : left) {
      waiting.result.completeExceptionally(new LedgerUnavailableException("the ledger is closed"));
    }
    try (disk) {
      if (!chain.isUncertain()) {
        chain.writeHead();
      }
    }
  }

  private static final class Waiting {
    final Departure departure;
    final long sinceNanos;
    final CompletableFuture<LedgerReceipt> result = new CompletableFuture<>();

    Waiting(Departure departure, long sinceNanos) {
      this.departure = departure;
      this.sinceNanos = sinceNanos;
    }
  }
}
