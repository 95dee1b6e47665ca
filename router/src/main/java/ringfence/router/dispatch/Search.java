package ringfence.router.dispatch;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.router.Alarms.Alarm;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;

/// One request's search for a target: asks placement, and where nothing has room waits for it, no
/// longer than its patience. Guarded by its dispatch's lock, which it takes when it is woken.
final class Search {
  private final Dispatcher parts;
  private final RequestPlan plan;
  private final Answer answer;
  private final long deadlineNanos;
  private final ReentrantLock lock;
  private final Seeker seeker;
  private long soughtNanos;
  private WaitingRoom.@Nullable Entry place;
  private @Nullable Alarm alarm;
  private @Nullable Failure lastFailure;

  Search(
      Dispatcher parts,
      RequestPlan plan,
      Answer answer,
      long deadlineNanos,
      ReentrantLock lock,
      Seeker seeker) {
    this.parts = parts;
    this.plan = plan;
    this.answer = answer;
    this.deadlineNanos = deadlineNanos;
    this.lock = lock;
    this.seeker = seeker;
  }

  /// Who looks for a target.
  interface Seeker {
    /// It still wants one.
    boolean seeks();

    void found(Placed placed);

    void foundNothing(Failure failure);
  }

  /// From now on its patience is counted.
  void begins(long nowNanos) {
    soughtNanos = nowNanos;
  }

  /// An attempt has failed: that is what is said when no other can be made.
  void attemptFailed(Failure failure) {
    lastFailure = failure;
  }

  /// Where (the rest of) the request would run.
  ///
  /// @param besides id of a target that is out this time; null: none
  Placement place(@Nullable String besides, long nowNanos) {
    Placement placement =
        parts
            .placer()
            .place(
                plan.placement(answer, besides, parts.draws().getAsLong(), nowNanos),
                parts.fleet().targetsAndLost());
    parts.observer().placed(now() - nowNanos);
    return placement;
  }

  /// Finds a target, or waits for one.
  ///
  /// @param atOnce it need not take its turn behind others who wait for what it gets
  void next(boolean atOnce, long nowNanos) {
    switch (place(null, nowNanos)) {
      case Placed placed
          when atOnce || !parts.waitingRoom().isAwaited(plan.model(), placed.target().zone()) ->
          seeker.found(placed);
      case Placed _ -> await(null, nowNanos);
      case Refused refused -> {
        if (mayWait(refused)) {
          await(refused, nowNanos);
        } else {
          seeker.foundNothing(
              lastFailure == null
                  ? plan.refusal(refused, parts.fleet().targets())
                  : givingUp(refused));
        }
      }
    }
  }

  /// An answer that has begun waits for any target that can go on with it; a fresh request only
  /// where targets for it exist or have just gone.
  private boolean mayWait(Refused refused) {
    return switch (refused.reason()) {
      case NO_CAPACITY -> true;
      case RESUME_MISMATCH, UNKNOWN_MODEL, NO_TARGET_IN_ZONE ->
          answer.progress().anyDelivered() && answer.mayGoOnElsewhere();
      case CONTEXT_LENGTH_EXCEEDED, UNKNOWN_OPTION -> false;
    };
  }

  private void await(@Nullable Refused refused, long nowNanos) {
    if (place != null) {
      return;
    }
    long limit = limitNanos();
    place =
        limit - nowNanos <= 0
            ? null
            : parts.waitingRoom().enter(plan.wish(answer, limit), this::roomMayHaveCome);
    if (place == null) {
      seeker.foundNothing(noRoom(refused, nowNanos));
      return;
    }
    alarm = parts.alarms().after(limit - nowNanos, this::waitedLongEnough);
    if (refused == null) {
      parts.waitingRoom().roomMayHaveCome();
    }
  }

  private long limitNanos() {
    long limit = soughtNanos + TimeUnit.MILLISECONDS.toNanos(plan.maxWaitMillis());
    return limit - deadlineNanos < 0 ? limit : deadlineNanos;
  }

  private boolean roomMayHaveCome() {
    lock.lock();
    try {
      if (!seeker.seeks() || place == null) {
        return true;
      }
      if (place(null, now()) instanceof Placed placed) {
        leave(true);
        seeker.found(placed);
        return true;
      }
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void waitedLongEnough() {
    lock.lock();
    try {
      if (seeker.seeks() && place != null) {
        long now = now();
        switch (place(null, now)) {
          case Placed placed -> {
            leave(true);
            seeker.found(placed);
          }
          case Refused refused -> seeker.foundNothing(noRoom(refused, now));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private Failure noRoom(@Nullable Refused refused, long nowNanos) {
    if (lastFailure != null) {
      return givingUp(refused);
    }
    if (refused == null) {
      return Refusals.othersWait(howItWaited(nowNanos));
    }
    return Refusals.noRoom(refused, plan.label().farthestZone(), howItWaited(nowNanos));
  }

  private String howItWaited(long nowNanos) {
    if (place != null) {
      return "it has waited " + TimeUnit.NANOSECONDS.toMillis(nowNanos - soughtNanos) + " ms";
    }
    return limitNanos() - nowNanos <= 0
        ? "it may not wait longer"
        : "as many as can wait do: the router's queue is full";
  }

  /// What is said when no further attempt can be made.
  ///
  /// @param refused why placement found nothing; null: it was not asked
  Failure givingUp(@Nullable Refused refused) {
    return Refusals.givingUp(lastFailure, answer.progress().anyDelivered(), refused);
  }

  /// Waits no longer.
  ///
  /// @param found room
  void leave(boolean found) {
    WaitingRoom.Entry entry = place;
    if (entry != null) {
      place = null;
      entry.leave();
      if (alarm != null) {
        alarm.cancel();
      }
      parts.observer().waited(now() - soughtNanos, found);
    }
  }

  private long now() {
    return parts.nanoClock().getAsLong();
  }
}
