package ringfence.node.engine;

import java.util.function.LongSupplier;
import ringfence.node.compute.Backend;
import ringfence.node.compute.BackendFailure;
import ringfence.node.engine.EngineException.Reason;

/// What is done about a backend that fails or has too little memory: fewer sequences at once and
/// smaller steps, then the device opened anew, as [Recovery] says. Nothing is lost but time:
/// sequences that have no pages are computed again from their tokens. The engine thread's own.
final class Setbacks {
  private static final System.Logger LOG = System.getLogger(Setbacks.class.getName());

  private final Backend backend;
  private final KvPages kv;
  private final Sequences sequences;
  private final Scheduler scheduler;
  private final LongSupplier nanoTime;
  private final long mostTokens;
  private final Recovery recovery = new Recovery();
  private long restarts;

  /// @param mostTokens of a sequence, as tasks were checked against
  Setbacks(
      Backend backend,
      KvPages kv,
      Sequences sequences,
      Scheduler scheduler,
      LongSupplier nanoTime,
      long mostTokens) {
    this.backend = backend;
    this.kv = kv;
    this.sequences = sequences;
    this.scheduler = scheduler;
    this.nanoTime = nanoTime;
    this.mostTokens = mostTokens;
  }

  /// The backend has failed.
  ///
  /// @throws EngineException when it is given up
  void met(BackendFailure failure) {
    LOG.log(
        System.Logger.Level.WARNING,
        "the backend failed ({0}): {1}",
        failure.kind(),
        failure.getMessage());
    switch (failure.kind()) {
      case OUT_OF_MEMORY -> {
        if (recovery.shed()) {
          scheduler.halve();
          sequences.preemptTo((sequences.running().size() + 1) / 2);
        } else {
          lose();
        }
      }
      case LOST -> lose();
    }
  }

  private void lose() {
    sequences.preemptTo(0);
    if (!recovery.lost(nanoTime.getAsLong())) {
      throw new EngineException(
          Reason.SHUTTING_DOWN,
          backend.device() + " was lost " + Recovery.MOST_LOSSES + " times and is given up");
    }
  }

  /// A step was computed.
  void stepped() {
    if (recovery.stepped()) {
      scheduler.restore();
    }
  }

  /// Nothing can be computed for now.
  boolean isDown() {
    return recovery.isDown();
  }

  /// Nanoseconds until the device is to be opened anew.
  long waitNanos(long nowNanos) {
    return recovery.waitNanos(nowNanos);
  }

  /// Opens the device anew. Its KV cache may have become smaller.
  ///
  /// @return false when it is still not there
  /// @throws EngineException when it is given up
  boolean restart(long nowNanos) {
    try {
      backend.restart();
    } catch (BackendFailure e) {
      LOG.log(System.Logger.Level.WARNING, "restarting the device failed: {0}", e.getMessage());
      lose();
      return false;
    }
    recovery.restarted();
    scheduler.restore();
    restarts++;
    kv.reset(backend.pages());
    LOG.log(
        System.Logger.Level.INFO,
        "{0} is back after {1} ms, with {2} KV pages",
        backend.device(),
        (nanoTime.getAsLong() - nowNanos) / 1_000_000,
        kv.pages());
    return true;
  }

  long restarts() {
    return restarts;
  }

  /// Whether the cache that is there now can hold a sequence of so many tokens.
  boolean fits(long tokens) {
    return tokens <= (long) kv.pages() * kv.pageTokens();
  }

  /// Tokens of a sequence at most: as tasks were checked against, or less in a cache that has
  /// become smaller.
  long maxTokens() {
    return Math.min(mostTokens, (long) kv.pages() * kv.pageTokens() + 1);
  }

  static EngineException noRoom() {
    return new EngineException(
        Reason.NO_CAPACITY, "the device came back with a KV cache that is too small for this");
  }
}
