package ringfence.router.serving;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.Failures;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.routing.TargetView;

/// The requests in flight: no more than the limits, and none new while the router goes down.
public final class Admission {
  private static final long RETRY_MILLIS = 1_000;

  private final int maxInFlight;
  private final long maxPromptBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition empty = lock.newCondition();
  private final Set<Ticket> tickets = new HashSet<>();
  private long promptBytes;
  private boolean draining;

  Admission(int maxInFlight, long maxPromptBytes) {
    this.maxInFlight = maxInFlight;
    this.maxPromptBytes = maxPromptBytes;
  }

  /// Why no request of that size is taken now; null: it is, and the ticket must be given back.
  @Nullable Failure admit(Ticket ticket) {
    lock.lock();
    try {
      if (draining) {
        return Failures.of(Reason.DRAINING, "the router is going down");
      }
      if (tickets.size() >= maxInFlight || promptBytes + ticket.bytes > maxPromptBytes) {
        return Failures.of(Reason.NO_CAPACITY, "the router has too many requests in flight")
            .toBuilder()
            .setRetryAfterMillis(RETRY_MILLIS)
            .build();
      }
      tickets.add(ticket);
      promptBytes += ticket.bytes;
      return null;
    } finally {
      lock.unlock();
    }
  }

  void giveBack(Ticket ticket) {
    lock.lock();
    try {
      if (tickets.remove(ticket)) {
        promptBytes -= ticket.bytes;
        if (tickets.isEmpty()) {
          empty.signalAll();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /// Requests in flight.
  public int inFlight() {
    lock.lock();
    try {
      return tickets.size();
    } finally {
      lock.unlock();
    }
  }

  /// Whether new requests are refused.
  public boolean isDraining() {
    lock.lock();
    try {
      return draining;
    } finally {
      lock.unlock();
    }
  }

  /// Refuses new requests, waits for those in flight, and ends what is left at the limit.
  void drain(Duration limit) throws InterruptedException {
    List<Ticket> left;
    lock.lock();
    try {
      draining = true;
      long nanos = limit.toNanos();
      while (!tickets.isEmpty() && nanos > 0) {
        nanos = empty.awaitNanos(nanos);
      }
      left = List.copyOf(tickets);
    } finally {
      lock.unlock();
    }
    for (Ticket ticket : left) {
      Dispatch dispatch = ticket.dispatch;
      if (dispatch != null) {
        dispatch.abort(
            Failures.of(
                Reason.DRAINING,
                "the router went down after "
                    + TimeUnit.NANOSECONDS.toSeconds(limit.toNanos())
                    + " s of waiting for the answer"));
      }
    }
  }

  /// Ends the requests whose readers have stalled.
  void endStalled(Duration limit) {
    running(dispatch -> dispatch.endIfStalled(limit));
  }

  /// Moves what runs on a target elsewhere.
  void leave(TargetView target) {
    running(dispatch -> dispatch.leave(target));
  }

  private void running(Consumer<Dispatch> action) {
    List<Ticket> running;
    lock.lock();
    try {
      running = List.copyOf(tickets);
    } finally {
      lock.unlock();
    }
    for (Ticket ticket : running) {
      Dispatch dispatch = ticket.dispatch;
      if (dispatch != null) {
        action.accept(dispatch);
      }
    }
  }

  /// One request's place.
  static final class Ticket {
    private final int bytes;
    private volatile @Nullable Dispatch dispatch;

    Ticket(int bytes) {
      this.bytes = bytes;
    }

    void holds(Dispatch running) {
      dispatch = running;
    }
  }
}
