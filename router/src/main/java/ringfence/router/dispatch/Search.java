package ringfence.router.dispatch;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.router.Alarms.Alarm;
import ringfence.router.dispatch.Outlook.Ends;
import ringfence.router.dispatch.Outlook.ForReports;
import ringfence.router.dispatch.Outlook.ForRoom;
import ringfence.router.dispatch.Outlook.ForTurn;
import ringfence.router.dispatch.Outlook.Goes;
import ringfence.router.dispatch.Outlook.Waits;
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
  private final Prospects prospects;
  private long soughtNanos;
  private WaitingRoom.@Nullable Entry place;
  private @Nullable Waits awaited;
  private long wakesNanos;
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
    this.prospects = new Prospects(parts.fleet(), plan, answer);
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

  /// What (the rest of) the request may hope for elsewhere.
  ///
  /// @param besides id of a target that is out this time
  Outlook elsewhere(String besides, long nowNanos) {
    return outlook(besides, nowNanos);
  }

  private Outlook outlook(@Nullable String besides, long nowNanos) {
    Placement placement =
        parts
            .placer()
            .place(
                plan.placement(answer, besides, parts.draws().getAsLong(), nowNanos),
                parts.fleet().targetsAndLost());
    parts.observer().placed(now() - nowNanos);
    return prospects.of(placement, limitNanos(), nowNanos);
  }

  /// Finds a target, or waits for one.
  ///
  /// @param atOnce it need not take its turn behind others who wait for what it gets
  void next(boolean atOnce, long nowNanos) {
    switch (outlook(null, nowNanos)) {
      case Goes(Placed placed) -> {
        if (atOnce || !parts.waitingRoom().isAwaited(plan.model(), placed.target().zone())) {
          seeker.found(placed);
        } else {
          await(new ForTurn(limitNanos()), nowNanos);
        }
      }
      case Waits waits -> await(waits, nowNanos);
      case Ends(Refused refused) -> seeker.foundNothing(refusal(refused));
    }
  }

  private void await(Waits waits, long nowNanos) {
    if (place != null) {
      return;
    }
    place =
        waits.untilNanos() - nowNanos <= 0
            ? null
            : parts.waitingRoom().enter(wish(waits), this::roomMayHaveCome);
    if (place == null) {
      if (waits instanceof ForReports(Placed placed, long _)) {
        // It would have held back of its own accord.
        seeker.found(placed);
      } else {
        seeker.foundNothing(noRoom(waits, nowNanos));
      }
      return;
    }
    awaited = waits;
    wakeAt(waits.untilNanos(), nowNanos);
    if (waits instanceof ForTurn) {
      parts.waitingRoom().roomMayHaveCome();
    }
  }

  private WaitingRoom.Wish wish(Waits waits) {
    return plan.wish(answer, limitNanos(), waits);
  }

  private void wakeAt(long atNanos, long nowNanos) {
    if (alarm != null) {
      alarm.cancel();
    }
    wakesNanos = atNanos;
    alarm = parts.alarms().after(atNanos - nowNanos, this::timeIsUp);
  }

  private long limitNanos() {
    long limit = soughtNanos + TimeUnit.MILLISECONDS.toNanos(plan.maxWaitMillis());
    return limit - deadlineNanos < 0 ? limit : deadlineNanos;
  }

  /// What has become of its prospects while it waited. Whoever waits for room does so to the end,
  /// whatever becomes of those who had none.
  private Outlook outlookNow(long nowNanos) {
    Outlook outlook = outlook(null, nowNanos);
    return outlook instanceof Ends(Refused refused) && !(awaited instanceof ForReports)
        ? new ForRoom(refused, limitNanos())
        : outlook;
  }

  private boolean roomMayHaveCome() {
    lock.lock();
    try {
      WaitingRoom.Entry entry = place;
      if (!seeker.seeks() || entry == null) {
        return true;
      }
      long now = now();
      return switch (outlookNow(now)) {
        case Goes(Placed placed) -> {
          leave(true);
          seeker.found(placed);
          yield true;
        }
        case Waits waits -> {
          goesOnWaiting(entry, waits);
          if (waits.untilNanos() - wakesNanos < 0) {
            wakeAt(waits.untilNanos(), now);
          }
          yield false;
        }
        // Its alarm is due, and says so.
        case Ends _ -> false;
      };
    } finally {
      lock.unlock();
    }
  }

  private void goesOnWaiting(WaitingRoom.Entry entry, Waits waits) {
    awaited = waits;
    entry.wishes(wish(waits));
  }

  private void timeIsUp() {
    lock.lock();
    try {
      WaitingRoom.Entry entry = place;
      if (!seeker.seeks() || entry == null) {
        return;
      }
      long now = now();
      switch (outlookNow(now)) {
        case Goes(Placed placed) -> {
          leave(true);
          seeker.found(placed);
        }
        case Waits waits when waits.untilNanos() - now > 0 -> {
          goesOnWaiting(entry, waits);
          wakeAt(waits.untilNanos(), now);
        }
        case Waits waits -> seeker.foundNothing(noRoom(waits, now));
        case Ends(Refused refused) -> seeker.foundNothing(refusal(refused));
      }
    } finally {
      lock.unlock();
    }
  }

  private Failure refusal(Refused refused) {
    return lastFailure == null ? plan.refusal(refused, parts.fleet().targets()) : givingUp(refused);
  }

  private Failure noRoom(Waits waits, long nowNanos) {
    String wait = howItWaited(nowNanos);
    return switch (waits) {
      case ForTurn _ -> lastFailure == null ? Refusals.othersWait(wait) : givingUp(null);
      case ForRoom(Refused refused, long _) ->
          lastFailure == null
              ? Refusals.noRoom(refused, plan.label().farthestZone(), wait)
              : givingUp(refused);
      case ForReports(Placement known, long _) ->
          lastFailure == null
              ? Refusals.notReported(
                  TimeUnit.NANOSECONDS.toMillis(parts.fleet().firstReportsNanos(nowNanos)), wait)
              : givingUp(known instanceof Refused refused ? refused : null);
    };
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
      awaited = null;
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
