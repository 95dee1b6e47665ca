package ringfence.router.dispatch;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.dispatch.DispatchObserver.Cause;
import ringfence.router.dispatch.Outlook.Goes;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;

/// When an attempt that has not failed is left for another target, or gets a rival there: it is
/// silent for too long, slow to begin, or its node drains. Guarded by its dispatch's lock, which it
/// takes when it is woken.
final class Moves {
  private static final double MOST_PREDICTED_MILLIS = 3_600_000;

  private final Dispatcher parts;
  private final RequestPlan plan;
  private final Answer answer;
  private final Race race;
  private final Search search;
  private final ReentrantLock lock;
  private final Runner runner;

  Moves(
      Dispatcher parts,
      RequestPlan plan,
      Answer answer,
      Race race,
      Search search,
      ReentrantLock lock,
      Runner runner) {
    this.parts = parts;
    this.plan = plan;
    this.answer = answer;
    this.race = race;
    this.search = search;
    this.lock = lock;
    this.runner = runner;
  }

  /// Who runs attempts.
  interface Runner {
    /// Null: it could not leave.
    @Nullable Attempt begin(Placed placed);

    /// Ends an attempt and cancels its stream.
    void cancel(Attempt attempt, Reason reason);
  }

  /// Looks after an attempt that has just begun.
  void watch(Attempt attempt) {
    watch(attempt, stallNanos(attempt));
    if (parts.limits().hedges() && race.current() == null) {
      race.hedgeAt(
          parts.alarms().after(parts.limits().hedgeAfter().toNanos(), () -> hedge(attempt)));
    }
  }

  private void watch(Attempt attempt, long nanos) {
    attempt.watch(parts.alarms().after(nanos, () -> checkStall(attempt)));
  }

  /// How long an attempt may send nothing. Before its first token it may take the longer the longer
  /// that was predicted.
  private long stallNanos(Attempt attempt) {
    long limit = parts.limits().stallLimit().toNanos();
    if (attempt.hasAnswered()) {
      return limit;
    }
    double predicted = Math.min(attempt.placed.firstTokenMillis(), MOST_PREDICTED_MILLIS);
    return limit + (long) (4e6 * predicted);
  }

  private void checkStall(Attempt attempt) {
    lock.lock();
    try {
      if (!race.has(attempt)) {
        return;
      }
      long now = now();
      long limit = stallNanos(attempt);
      long left = limit - attempt.silentNanos(now);
      if (left > 0) {
        watch(attempt, left);
      } else if (race.isRival(attempt)) {
        race.rival(null, false);
        retire(attempt);
      } else if (race.rival() != null) {
        retire(attempt);
        race.promote();
      } else if (answer.mayGoOnElsewhere()
          && search.elsewhere(attempt.placed.target().id(), now) instanceof Goes(Placed placed)) {
        race.clear();
        retire(attempt);
        plan.failedOn(attempt.placed.target(), Reason.TARGET_LOST, now);
        parts.observer().moved(Cause.STALLED);
        race.listenTo(runner.begin(placed));
      } else {
        // Nobody else can: it may yet wake up.
        watch(attempt, limit);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends an attempt that may not hear it: its stream is cancelled, and its target told beside it.
  private void retire(Attempt attempt) {
    runner.cancel(attempt, Reason.TARGET_LOST);
    parts.egress().abandon(attempt.grant);
  }

  /// A rival on another target, for an attempt that has brought nothing yet.
  private void hedge(Attempt slow) {
    lock.lock();
    try {
      race.hedgeDue();
      if (!race.isCurrent(slow) || race.rival() != null || slow.hasAnswered()) {
        return;
      }
      if (search.elsewhere(slow.placed.target().id(), now()) instanceof Goes(Placed placed)
          && !placed.target().zone().isFartherThan(slow.placed.target().zone())) {
        begin(placed, false, Cause.HEDGED);
      }
    } finally {
      lock.unlock();
    }
  }

  /// A target drains: what runs there goes on elsewhere, if it can. The old attempt is listened to
  /// until the new one has computed the prompt, so that the reader sees no pause.
  void leave(TargetView target) {
    Attempt attempt = race.current();
    if (attempt == null
        || race.rival() != null
        || !attempt.placed.target().id().equals(target.id())
        || !answer.mayGoOnElsewhere()
        || answer.progress().allFinished()) {
      return;
    }
    if (search.elsewhere(target.id(), now()) instanceof Goes(Placed placed)) {
      race.cancelHedge();
      begin(placed, true, Cause.DRAINED);
    }
  }

  private void begin(Placed placed, boolean warms, Cause cause) {
    Attempt rival = runner.begin(placed);
    race.rival(rival, warms);
    if (rival != null) {
      parts.observer().moved(cause);
    }
  }

  private long now() {
    return parts.nanoClock().getAsLong();
  }
}
