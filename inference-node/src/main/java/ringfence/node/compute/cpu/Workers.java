package ringfence.node.compute.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The threads of one backend. A pass is a row of phases; each phase is cut into chunks that
/// whoever is free takes. A phase ends when its last chunk is done, so a worker that the system has
/// put aside between chunks holds nobody up.
final class Workers implements AutoCloseable {
  /// Looks at the ticket before a worker goes to sleep: a fraction of a millisecond, which bridges
  /// the gap between two steps of the engine.
  private static final int SPINS_BEFORE_SLEEP = 5_000;

  /// Looks at the counter before the caller naps: some helper has then lost its core in the middle
  /// of a chunk, and may need this one.
  private static final int SPINS_BEFORE_NAP = 5_000;

  private static final long NAP_NANOS = 10_000;

  private static final long INDEX_MASK = 0xFFFF_FFFFL;

  /// One parallel piece of a pass.
  interface Phase {
    /// Computes one chunk.
    ///
    /// @param worker 0 to `threads - 1`; no two chunks run with the same one at a time
    void run(int chunk, int worker);
  }

  private final Thread[] helpers;

  /// The phase's number (high half) and the next chunk to take (low half), so that a worker that
  /// comes late can't take a chunk of the next phase for one of the last.
  private final AtomicLong ticket = new AtomicLong();

  private final AtomicInteger done = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /// Helpers asleep or about to be.
  private final AtomicInteger sleepers = new AtomicInteger();

  // Written before the ticket, read after it.
  private @Nullable Phase phase;
  private int chunks;
  private volatile boolean closed;

  Workers(int threads) {
    helpers = new Thread[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      int worker = i + 1;
      helpers[i] =
          Thread.ofPlatform().daemon().name("compute-" + worker).unstarted(() -> help(worker));
    }
    for (Thread helper : helpers) {
      helper.start();
    }
  }

  int threads() {
    return helpers.length + 1;
  }

  /// Helpers whose thread has not ended.
  int alive() {
    int alive = 0;
    for (Thread helper : helpers) {
      alive += helper.isAlive() ? 1 : 0;
    }
    return alive;
  }

  /// Runs all chunks of a phase, on the calling thread too, and returns when all are done.
  ///
  /// @throws IllegalStateException when a chunk threw; the other chunks have run
  void run(Phase next, int count) {
    if (count <= 1 || helpers.length == 0) {
      for (int chunk = 0; chunk < count; chunk++) {
        next.run(chunk, 0);
      }
      return;
    }
    long number = ticket.get() >>> 32;
    // Nobody can take a chunk while the phase changes: a worker that holds the last phase's ticket
    // would otherwise read the new phase, find the old index below its count, and run that chunk a
    // second time.
    ticket.set(((number + 1) << 32) | INDEX_MASK);
    phase = next;
    chunks = count;
    done.set(0);
    ticket.set((number + 2) << 32);
    if (sleepers.get() > 0) {
      for (Thread helper : helpers) {
        LockSupport.unpark(helper);
      }
    }
    takeChunks(0);
    int spins = 0;
    while (done.get() < count) {
      if (++spins < SPINS_BEFORE_NAP) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(this, NAP_NANOS);
      }
    }
    phase = null;
    Throwable thrown = failure.getAndSet(null);
    if (thrown != null) {
      throw new IllegalStateException("a worker failed", thrown);
    }
  }

  private void help(int worker) {
    long seen = 0;
    int spins = 0;
    while (!closed) {
      long now = ticket.get() >>> 32;
      if (now != seen) {
        seen = now;
        spins = 0;
        takeChunks(worker);
      } else if (++spins < SPINS_BEFORE_SLEEP) {
        Thread.onSpinWait();
      } else {
        spins = 0;
        sleepers.incrementAndGet();
        if (ticket.get() >>> 32 == seen && !closed) {
          LockSupport.park(this);
        }
        sleepers.decrementAndGet();
      }
    }
  }

  private void takeChunks(int worker) {
    while (true) {
      long taken = ticket.get();
      Phase current = phase;
      if (current == null || (taken & INDEX_MASK) >= chunks) {
        return;
      }
      // Succeeds only while the phase just read is still the one running.
      if (ticket.compareAndSet(taken, taken + 1)) {
        try {
          current.run((int) (taken & INDEX_MASK), worker);
        } catch (Throwable thrown) {
          failure.compareAndSet(null, thrown);
        } finally {
          done.incrementAndGet();
        }
      }
    }
  }

  /// Ends the threads; they are gone when it returns.
  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
      try {
        helper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
