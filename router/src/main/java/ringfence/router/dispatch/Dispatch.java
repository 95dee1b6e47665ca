package ringfence.router.dispatch;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Alarms.Alarm;
import ringfence.router.Failures;
import ringfence.router.dispatch.DispatchObserver.Cause;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.GrantDeniedException;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.TargetView;

/// One request: an unbroken answer from one or more attempts. Each attempt passes policy, placement
/// and egress anew. Events are taken from the attempt's stream as the reader has room.
///
/// One attempt is listened to. Beside it there may be a rival: a hedge, which races it to the first
/// token, or the next home of an answer whose node drains. Whoever answers first in a race stays,
/// and the other one is cancelled before any of its tokens is looked at.
public final class Dispatch {
  private static final double MOST_PREDICTED_MILLIS = 3_600_000;

  private final Dispatcher parts;
  private final RequestPlan plan;
  private final long arrivedNanos;
  private final long deadlineNanos;
  private final AnswerReader reader;
  private final Runnable whenEnded;

  private final ReentrantLock lock = new ReentrantLock();
  private final Answer answer;
  private int attempts;
  private int fruitless;
  private @Nullable Attempt current;
  private @Nullable Attempt rival;
  private boolean rivalWarms;
  private long lastTokenNanos;
  private long roomSoughtNanos;
  private WaitingRoom.@Nullable Entry place;
  private @Nullable Alarm deadlineAlarm;
  private @Nullable Alarm hedgeAlarm;
  private @Nullable Alarm waitAlarm;
  private @Nullable Failure lastFailure;
  private boolean ended;

  Dispatch(
      Dispatcher parts,
      RouteRequest request,
      EffectiveLabel label,
      long nowNanos,
      long remainingNanos,
      AnswerReader reader,
      Runnable whenEnded) {
    this.parts = parts;
    this.plan =
        new RequestPlan(request, label, parts.prefixes(), parts.limits().maxWait().toMillis());
    this.arrivedNanos = nowNanos;
    this.deadlineNanos = nowNanos + remainingNanos;
    this.reader = reader;
    this.whenEnded = whenEnded;
    this.answer =
        new Answer(
            reader, request.getChoices(), request.getModel(), request.getSampling().getSeed());
  }

  /// Begins the first attempt, or takes a place among those that wait.
  public void start() {
    lock.lock();
    try {
      if (!ended) {
        long now = now();
        deadlineAlarm = parts.alarms().after(Math.max(0, deadlineNanos - now), this::deadline);
        roomSoughtNanos = arrivedNanos;
        nextAttempt(!parts.waitingRoom().isAwaited(plan.model()));
      }
    } finally {
      lock.unlock();
    }
  }

  /// The reader has room again.
  public void readerReady() {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt != null && reader.ready()) {
        attempt.readerReady(now());
      }
    } finally {
      lock.unlock();
    }
  }

  /// The reader has gone: the target is told at once, and the reader hears nothing more.
  public void cancel() {
    lock.lock();
    try {
      if (!ended) {
        endAttempts(Reason.CANCELLED, true);
        end(Reason.CANCELLED);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends the request with a failure, whatever it is doing.
  public void abort(Failure failure) {
    lock.lock();
    try {
      if (!ended) {
        fail(failure);
      }
    } finally {
      lock.unlock();
    }
  }

  private void deadline() {
    abort(Failures.of(Reason.DEADLINE_EXCEEDED, "the deadline has passed"));
  }

  /// Ends the request when its reader has had no room for longer than the limit.
  public void endIfStalled(Duration limit) {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt != null && !reader.ready() && attempt.heldBackNanos(now()) > limit.toNanos()) {
        abort(
            Failures.of(
                Reason.DEADLINE_EXCEEDED,
                "the reader took nothing of the answer for " + limit.toSeconds() + " s"));
      }
    } finally {
      lock.unlock();
    }
  }

  /// A target drains: what runs there goes on elsewhere, if it can. The old attempt is listened to
  /// until the new one has computed the prompt, so that the reader sees no pause.
  public void leave(TargetView target) {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt == null
          || rival != null
          || !attempt.placed.target().id().equals(target.id())
          || !answer.mayGoOnElsewhere()
          || answer.progress().allFinished()) {
        return;
      }
      if (place(target.id(), now()) instanceof Placed placed) {
        cancelHedge();
        rivalWarms = true;
        rival = begin(placed);
        if (rival != null) {
          parts.observer().moved(Cause.DRAINED);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private long now() {
    return parts.nanoClock().getAsLong();
  }

  private Placement place(@Nullable String besides, long now) {
    Placement placement =
        parts
            .placer()
            .place(
                plan.placement(answer, besides, parts.draws().getAsLong(), now),
                parts.fleet().targets());
    parts.observer().placed(now() - now);
    return placement;
  }

  /// Starts the next attempt; where nothing has room, waits for it.
  ///
  /// @param atOnce it need not take its turn behind others
  private void nextAttempt(boolean atOnce) {
    long now = now();
    if (deadlineNanos - now <= 0) {
      deadline();
      return;
    }
    if (fruitless >= parts.limits().maxAttempts()) {
      fail(givingUp(null));
      return;
    }
    switch (place(null, now)) {
      case Placed placed when atOnce -> current = begin(placed);
      case Placed _ -> await(null, now);
      case Refused refused -> {
        if (mayWait(refused)) {
          await(refused, now);
        } else {
          fail(
              lastFailure == null
                  ? plan.refusal(refused, parts.fleet().targets())
                  : givingUp(refused));
        }
      }
    }
  }

  /// An answer that has begun waits for any target that can go on with it; a fresh request only
  /// where targets for it exist.
  private boolean mayWait(Refused refused) {
    return switch (refused.reason()) {
      case NO_CAPACITY -> true;
      case RESUME_MISMATCH, UNKNOWN_MODEL, NO_TARGET_IN_ZONE ->
          answer.progress().anyDelivered() && answer.mayGoOnElsewhere();
      case CONTEXT_LENGTH_EXCEEDED, UNKNOWN_OPTION -> false;
    };
  }

  private long waitLimitNanos() {
    long limit = roomSoughtNanos + TimeUnit.MILLISECONDS.toNanos(plan.maxWaitMillis());
    return limit - deadlineNanos < 0 ? limit : deadlineNanos;
  }

  private void await(@Nullable Refused refused, long now) {
    if (place != null) {
      return;
    }
    long limit = waitLimitNanos();
    place =
        limit - now <= 0
            ? null
            : parts.waitingRoom().enter(plan.wish(answer, limit), this::tryToStart);
    if (place == null) {
      fail(noRoom(refused, now));
      return;
    }
    waitAlarm = parts.alarms().after(limit - now, this::waitedLongEnough);
    if (refused == null) {
      parts.waitingRoom().roomMayHaveCome();
    }
  }

  private boolean tryToStart() {
    lock.lock();
    try {
      if (ended || current != null || place == null) {
        return true;
      }
      long now = now();
      if (place(null, now) instanceof Placed placed) {
        leaveRoom(true);
        current = begin(placed);
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
      if (!ended && current == null && place != null) {
        long now = now();
        switch (place(null, now)) {
          case Placed placed -> {
            leaveRoom(true);
            current = begin(placed);
          }
          case Refused refused -> fail(noRoom(refused, now));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private Failure noRoom(@Nullable Refused refused, long now) {
    if (lastFailure != null) {
      return givingUp(refused);
    }
    if (refused == null) {
      return Refusals.queueFull();
    }
    return Refusals.noRoom(
        refused,
        plan.label().farthestZone(),
        place == null ? 0 : TimeUnit.NANOSECONDS.toMillis(now - roomSoughtNanos));
  }

  private void leaveRoom(boolean found) {
    WaitingRoom.Entry entry = place;
    if (entry != null) {
      place = null;
      entry.leave();
      if (waitAlarm != null) {
        waitAlarm.cancel();
      }
      parts.observer().waited(now() - roomSoughtNanos, found);
    }
  }

  /// Sends an attempt; null: it could not leave, and unless another one runs the request has
  /// failed.
  private @Nullable Attempt begin(Placed placed) {
    long now = now();
    attempts++;
    fruitless++;
    TargetView target = placed.target();
    Fleet.InFlight inFlight =
        parts
            .fleet()
            .begin(
                target, plan.model(), answer.progress().unfinished(), plan.prefillTokens(answer));
    parts.observer().attemptBegun(target);
    try {
      EgressGrant grant =
          parts
              .policy()
              .grant(
                  plan.label(),
                  placed,
                  plan.requestId(),
                  plan.tenant(),
                  plan.model(),
                  attempts,
                  now);
      Attempt attempt =
          new Attempt(this, attempts, placed, grant, inFlight, answer.progress().tokens(), now);
      attempt.opened(
          parts
              .egress()
              .open(grant, plan.generation(attempts, answer), deadlineNanos - now, attempt));
      watch(attempt, stallNanos(attempt));
      if (parts.limits().hedges() && current == null) {
        hedgeAlarm =
            parts.alarms().after(parts.limits().hedgeAfter().toNanos(), () -> hedge(attempt));
      }
      return attempt;
    } catch (GrantDeniedException denied) {
      inFlight.ended();
      Failure failure = denied.failure();
      parts.observer().attemptEnded(plan.requestId(), attempts, target, failure.getReason());
      if (current != null) {
        return null;
      }
      if (denied.mayGoElsewhere() && attempts < parts.limits().maxAttempts()) {
        plan.failedOn(target, failure.getReason(), now);
        if (place(target.id(), now) instanceof Placed other) {
          return begin(other);
        }
      }
      fail(failure);
      return null;
    } catch (RuntimeException denied) {
      inFlight.ended();
      parts.observer().attemptEnded(plan.requestId(), attempts, target, Reason.INTERNAL);
      if (current == null) {
        fail(Failures.of(Reason.INTERNAL, "the attempt could not leave: " + denied.getMessage()));
      }
      return null;
    }
  }

  /// A rival on another target, for an attempt that has brought nothing yet.
  private void hedge(Attempt slow) {
    lock.lock();
    try {
      hedgeAlarm = null;
      if (slow != current || rival != null || slow.hasAnswered()) {
        return;
      }
      if (place(slow.placed.target().id(), now()) instanceof Placed placed
          && !placed.target().zone().isFartherThan(slow.placed.target().zone())) {
        rivalWarms = false;
        rival = begin(placed);
        if (rival != null) {
          parts.observer().moved(Cause.HEDGED);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void cancelHedge() {
    if (hedgeAlarm != null) {
      hedgeAlarm.cancel();
      hedgeAlarm = null;
    }
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

  private void watch(Attempt attempt, long nanos) {
    attempt.watch(parts.alarms().after(nanos, () -> checkStall(attempt)));
  }

  private void checkStall(Attempt attempt) {
    lock.lock();
    try {
      if (attempt != current && attempt != rival) {
        return;
      }
      long now = now();
      long limit = stallNanos(attempt);
      long left = limit - attempt.silentNanos(now);
      if (left > 0) {
        watch(attempt, left);
      } else if (attempt == rival) {
        rival = null;
        retire(attempt, Reason.TARGET_LOST);
      } else if (rival != null) {
        retire(attempt, Reason.TARGET_LOST);
        promote();
      } else if (answer.mayGoOnElsewhere()
          && place(attempt.placed.target().id(), now) instanceof Placed placed) {
        current = null;
        cancelHedge();
        retire(attempt, Reason.TARGET_LOST);
        plan.failedOn(attempt.placed.target(), Reason.TARGET_LOST, now);
        parts.observer().moved(Cause.STALLED);
        current = begin(placed);
      } else {
        // Nobody else can: it may yet wake up.
        watch(attempt, limit);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends an attempt that may not hear it: its stream is cancelled, and its target told beside it.
  private void retire(Attempt attempt, Reason reason) {
    ended(attempt, reason, true);
    parts.egress().abandon(attempt.grant);
  }

  private void promote() {
    current = rival;
    rival = null;
    rivalWarms = false;
    cancelHedge();
  }

  void event(Attempt attempt, GenerationEvent event) {
    lock.lock();
    try {
      if (attempt != current && attempt != rival) {
        return;
      }
      if (event.getAttempt() == attempt.number) {
        take(attempt, event);
      }
      if (attempt == current || attempt == rival) {
        attempt.taken(reader.ready(), now());
        if (!reader.ready()) {
          attempt.inFlight.held();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void take(Attempt attempt, GenerationEvent event) {
    if (event.hasStarted() && !attempt.started && attempt.heldStart == null) {
      if (!attempt.placed.target().isUpstream()) {
        plan.computed(attempt.placed.target(), event.getStarted().getCachedPromptTokens());
      }
      if (attempt == rival || rival != null || hedgeAlarm != null) {
        // Its start is news only when it turns out to be the one that answers.
        attempt.heldStart = event;
        return;
      }
    } else if (!event.hasStarted() && !attempt.hasAnswered()) {
      attempt.answered();
      if (!lead(attempt)) {
        return;
      }
      GenerationEvent start = attempt.heldStart;
      if (start != null) {
        attempt.heldStart = null;
        deliver(attempt, start);
      }
    }
    if (attempt == current) {
      deliver(attempt, event);
    }
  }

  /// The attempt has brought its first token: from now on it is the only one.
  ///
  /// @return false when it is not listened to any more
  private boolean lead(Attempt attempt) {
    cancelHedge();
    Attempt loser = attempt == current ? rival : current;
    if (loser != null && attempt == current && rivalWarms) {
      // The rival is to take over, not to race.
      return true;
    }
    if (loser != null && attempt == rival && rivalWarms && hasMovedOn(attempt)) {
      takeOverAtTheEnd(attempt, loser);
      return false;
    }
    if (loser != null) {
      ended(loser, Reason.CANCELLED, true);
    }
    current = attempt;
    rival = null;
    rivalWarms = false;
    return true;
  }

  /// Whether so much was delivered while the attempt computed the prompt that repeating it would be
  /// seen as a pause.
  private boolean hasMovedOn(Attempt attempt) {
    int delivered = answer.progress().tokens() - attempt.tokensBefore;
    return delivered > 4 * Math.max(1, answer.progress().unfinished());
  }

  /// The new home has computed the prompt and the answer up to where it stood then. A last attempt
  /// there starts where it stands now, and finds nearly all of it in the prefix cache.
  private void takeOverAtTheEnd(Attempt warmed, Attempt old) {
    rival = null;
    rivalWarms = false;
    current = null;
    ended(warmed, Reason.CANCELLED, true);
    ended(old, Reason.CANCELLED, true);
    if (answer.progress().allFinished()) {
      complete(Done.getDefaultInstance());
      return;
    }
    fruitless = 0;
    nextAttempt(true);
  }

  private void deliver(Attempt attempt, GenerationEvent event) {
    int before = answer.progress().tokens();
    switch (answer.take(attempt, event)) {
      case Answer.Taken.GoesOn() -> {
        if (answer.progress().tokens() > before) {
          delivered(attempt);
        }
      }
      case Answer.Taken.Ends(Done done) -> {
        endAttempts(Reason.REASON_UNSPECIFIED, false);
        complete(done);
      }
      case Answer.Taken.Breaks(Failure failure) -> attemptFailed(attempt, failure, true);
    }
  }

  private void delivered(Attempt attempt) {
    long now = now();
    if (fruitless > 0 && attempt.tokensBefore > 0) {
      parts.observer().resumed(now - lastTokenNanos);
    }
    lastTokenNanos = now;
    fruitless = 0;
  }

  private void complete(Done done) {
    answer.complete(done, attempts);
    end(Reason.REASON_UNSPECIFIED);
  }

  void completed(Attempt attempt) {
    failed(attempt, Failures.of(Reason.TARGET_LOST, "the target ended the answer early"), true);
  }

  void failed(Attempt attempt, Failure failure, boolean fromTarget) {
    lock.lock();
    try {
      if (attempt == current || attempt == rival) {
        boolean tell = !fromTarget && (attempt.started || attempt.heldStart != null);
        attemptFailed(attempt, failure, false);
        if (tell) {
          parts.egress().abandon(attempt.grant);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void attemptFailed(Attempt attempt, Failure failure, boolean cancel) {
    ended(attempt, failure.getReason(), cancel);
    long now = now();
    if (attempt == rival) {
      rival = null;
      plan.failedOn(attempt.placed.target(), failure.getReason(), now);
      return;
    }
    current = null;
    cancelHedge();
    if (answer.progress().allFinished()) {
      endAttempts(Reason.CANCELLED, true);
      complete(Done.getDefaultInstance());
      return;
    }
    if (!RetryRules.mayGoOnElsewhere(failure.getReason())) {
      fail(failure);
      return;
    }
    lastFailure = failure;
    if (!answer.mayGoOnElsewhere()) {
      fail(givingUp(null));
      return;
    }
    plan.failedOn(attempt.placed.target(), failure.getReason(), now);
    if (rival != null) {
      promote();
      return;
    }
    if (answer.progress().anyDelivered()) {
      roomSoughtNanos = now;
    }
    nextAttempt(true);
  }

  /// What is said when no further attempt can be made.
  private Failure givingUp(@Nullable Refused refused) {
    Failure last = lastFailure;
    if (answer.progress().anyDelivered() || last == null) {
      return Failures.of(
          Reason.TARGET_LOST,
          "the node was lost in mid-answer, and no other can go on with it exactly");
    }
    if (last.getReason() == Reason.NO_CAPACITY
        && last.getRetryAfterMillis() == 0
        && refused != null) {
      return last.toBuilder().setRetryAfterMillis(refused.retryAfterMillis()).build();
    }
    return last;
  }

  private void ended(Attempt attempt, Reason reason, boolean cancel) {
    attempt.ended(cancel);
    parts.policy().ended(attempt.grant, cancel);
    parts
        .observer()
        .attemptEnded(plan.requestId(), attempt.number, attempt.placed.target(), reason);
  }

  private void endAttempts(Reason reason, boolean cancel) {
    cancelHedge();
    Attempt one = current;
    Attempt other = rival;
    current = null;
    rival = null;
    if (one != null) {
      ended(one, reason, cancel);
    }
    if (other != null) {
      ended(other, Reason.CANCELLED, true);
    }
  }

  private void fail(Failure failure) {
    endAttempts(failure.getReason(), true);
    reader.failed(failure);
    end(failure.getReason());
  }

  private void end(Reason reason) {
    ended = true;
    leaveRoom(false);
    if (deadlineAlarm != null) {
      deadlineAlarm.cancel();
    }
    parts.observer().requestEnded(plan.requestId(), reason);
    whenEnded.run();
  }
}
