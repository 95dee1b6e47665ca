package ringfence.router.dispatch;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Alarms.Alarm;
import ringfence.router.Failures;
import ringfence.router.dispatch.Outlook.Goes;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;

/// One request: an unbroken answer from one or more attempts. Each attempt passes policy, placement
/// and egress anew. Events are taken from the attempt's stream as the reader has room.
///
/// One attempt is listened to; of two that race, the loser is cancelled before any of its tokens is
/// looked at ([Race]).
public final class Dispatch {
  private final Dispatcher parts;
  private final RequestPlan plan;
  private final long arrivedNanos;
  private final long deadlineNanos;
  private final AnswerReader reader;
  private final Runnable whenEnded;

  private final ReentrantLock lock = new ReentrantLock();
  private final Answer answer;
  private final Departures departures;
  private final Race race = new Race();
  private final Search search;
  private final Moves moves;
  private int fruitless;
  private long lastTokenNanos;
  private @Nullable Alarm deadlineAlarm;
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
            reader,
            request.getChoices(),
            request.getModel(),
            request.getSampling().getSeed(),
            request.getExplain());
    this.departures = new Departures(parts, plan, deadlineNanos);
    this.search = new Search(parts, plan, answer, deadlineNanos, lock, new Wants());
    this.moves = new Moves(parts, plan, answer, race, search, lock, new Runs());
  }

  /// Begins the first attempt, or takes a place among those that wait.
  public void start() {
    lock.lock();
    try {
      if (!ended) {
        long now = now();
        deadlineAlarm = parts.alarms().after(Math.max(0, deadlineNanos - now), this::deadline);
        search.begins(arrivedNanos);
        if (deadlineNanos - now > 0) {
          search.next(false, now);
        } else {
          deadline();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /// The reader has room again.
  public void readerReady() {
    lock.lock();
    try {
      Attempt attempt = race.current();
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
      Attempt attempt = race.current();
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

  /// A target drains: what runs there goes on elsewhere, if it can.
  public void leave(TargetView target) {
    lock.lock();
    try {
      moves.leave(target);
    } finally {
      lock.unlock();
    }
  }

  private long now() {
    return parts.nanoClock().getAsLong();
  }

  /// Starts another attempt, which need not take its turn behind others; where nothing has room,
  /// waits for it.
  private void nextAttempt() {
    long now = now();
    if (deadlineNanos - now <= 0) {
      deadline();
      return;
    }
    if (fruitless >= parts.limits().maxAttempts()) {
      fail(search.givingUp(null));
      return;
    }
    search.next(true, now);
  }

  /// Sends an attempt; null: it could not leave, and unless another one runs the request has
  /// failed.
  private @Nullable Attempt begin(Placed placed) {
    long now = now();
    fruitless++;
    return switch (departures.send(this, placed, answer, now)) {
      case Departures.Sent.UnderWay(Attempt attempt) -> {
        moves.watch(attempt);
        yield attempt;
      }
      case Departures.Sent.Denied(Failure failure, boolean mayGoElsewhere) -> {
        if (race.current() != null) {
          yield null;
        }
        if (mayGoElsewhere && departures.attempts() < parts.limits().maxAttempts()) {
          plan.failedOn(placed.target(), failure.getReason(), now);
          if (search.elsewhere(placed.target().id(), now) instanceof Goes(Placed other)) {
            yield begin(other);
          }
        }
        fail(failure);
        yield null;
      }
    };
  }

  void event(Attempt attempt, GenerationEvent event) {
    lock.lock();
    try {
      if (!race.has(attempt)) {
        return;
      }
      if (event.getAttempt() == attempt.number) {
        take(attempt, event);
      }
      if (race.has(attempt)) {
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
      if (race.isRival(attempt)
          || race.isOpen()
          || plan.mayYetChangeModel(answer, attempt.placed.target(), parts.fleet().targets())) {
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
    if (race.isCurrent(attempt)) {
      deliver(attempt, event);
    }
  }

  /// The attempt has brought its first token: from now on it is the only one.
  ///
  /// @return false when it is not listened to any more
  private boolean lead(Attempt attempt) {
    Attempt other = race.besides(attempt);
    switch (race.leads(attempt, hasMovedOn(attempt))) {
      case STAYS -> {}
      case WARMED -> {
        takeOverAtTheEnd(attempt, other);
        return false;
      }
      case WINS -> {
        if (other != null) {
          ended(other, Reason.CANCELLED, true);
        }
        race.won(attempt);
      }
    }
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
  private void takeOverAtTheEnd(Attempt warmed, @Nullable Attempt old) {
    race.clear();
    ended(warmed, Reason.CANCELLED, true);
    if (old != null) {
      ended(old, Reason.CANCELLED, true);
    }
    if (answer.progress().allFinished()) {
      complete(Done.getDefaultInstance());
      return;
    }
    fruitless = 0;
    nextAttempt();
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
    answer.complete(done, departures.attempts());
    end(Reason.REASON_UNSPECIFIED);
  }

  void completed(Attempt attempt) {
    failed(attempt, Failures.of(Reason.TARGET_LOST, "the target ended the answer early"), true);
  }

  void failed(Attempt attempt, Failure failure, boolean fromTarget) {
    lock.lock();
    try {
      if (race.has(attempt)) {
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
    if (race.isRival(attempt)) {
      race.rival(null, false);
      plan.failedOn(attempt.placed.target(), failure.getReason(), now);
      return;
    }
    race.listenTo(null);
    race.cancelHedge();
    if (answer.progress().allFinished()) {
      endAttempts(Reason.CANCELLED, true);
      complete(Done.getDefaultInstance());
      return;
    }
    if (!RetryRules.mayGoOnElsewhere(failure.getReason())) {
      fail(failure);
      return;
    }
    search.attemptFailed(failure);
    if (!answer.mayGoOnElsewhere()) {
      fail(search.givingUp(null));
      return;
    }
    plan.failedOn(attempt.placed.target(), failure.getReason(), now);
    if (race.rival() != null) {
      race.promote();
      return;
    }
    if (answer.progress().anyDelivered()) {
      search.begins(now);
    }
    nextAttempt();
  }

  private void ended(Attempt attempt, Reason reason, boolean cancel) {
    attempt.ended(cancel);
    parts.policy().ended(attempt.grant, cancel);
    parts.observer().attemptEnded(plan.facts(attempt.number, attempt.placed), reason);
  }

  private void endAttempts(Reason reason, boolean cancel) {
    Attempt one = race.current();
    Attempt other = race.rival();
    race.clear();
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
    search.leave(false);
    if (deadlineAlarm != null) {
      deadlineAlarm.cancel();
    }
    parts.observer().requestEnded(plan.requestId(), reason);
    whenEnded.run();
  }

  private final class Wants implements Search.Seeker {
    @Override
    public boolean seeks() {
      return !ended && race.current() == null;
    }

    @Override
    public void found(Placed placed) {
      race.listenTo(begin(placed));
    }

    @Override
    public void foundNothing(Failure failure) {
      fail(failure);
    }
  }

  private final class Runs implements Moves.Runner {
    @Override
    public @Nullable Attempt begin(Placed placed) {
      return Dispatch.this.begin(placed);
    }

    @Override
    public void cancel(Attempt attempt, Reason reason) {
      ended(attempt, reason, true);
    }
  }
}
