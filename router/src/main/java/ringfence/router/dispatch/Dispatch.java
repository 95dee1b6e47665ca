package ringfence.router.dispatch;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Done;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.Failures;
import ringfence.router.fleet.Fleet;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.TargetView;

/// One request: an unbroken answer from one or more attempts. Each attempt passes policy, placement
/// and egress anew. Events are taken from the attempt's stream as the reader has room.
public final class Dispatch {
  private final Dispatcher parts;
  private final RequestPlan plan;
  private final long deadlineNanos;
  private final AnswerReader reader;
  private final Runnable whenEnded;

  private final ReentrantLock lock = new ReentrantLock();
  private final Answer answer;
  private int attempts;
  private @Nullable Attempt current;
  private @Nullable Failure lastFailure;
  private boolean ended;

  Dispatch(
      Dispatcher parts,
      RouteRequest request,
      long deadlineNanos,
      AnswerReader reader,
      Runnable whenEnded) {
    this.parts = parts;
    this.plan = new RequestPlan(request, parts.policy().classify(request));
    this.deadlineNanos = deadlineNanos;
    this.reader = reader;
    this.whenEnded = whenEnded;
    this.answer =
        new Answer(
            reader, request.getChoices(), request.getModel(), request.getSampling().getSeed());
  }

  /// Begins the first attempt.
  public void start() {
    lock.lock();
    try {
      if (!ended) {
        nextAttempt();
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
        attempt.readerReady();
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
        endAttempt(Reason.CANCELLED, true);
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
        endAttempt(failure.getReason(), true);
        fail(failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /// Ends the request when its reader has had no room for longer than the limit.
  public void endIfStalled(Duration limit) {
    lock.lock();
    try {
      Attempt attempt = current;
      if (attempt != null
          && !reader.ready()
          && attempt.heldBackNanos(parts.nanoClock().getAsLong()) > limit.toNanos()) {
        abort(
            Failures.of(
                Reason.DEADLINE_EXCEEDED,
                "the reader took nothing of the answer for " + limit.toSeconds() + " s"));
      }
    } finally {
      lock.unlock();
    }
  }

  private void nextAttempt() {
    long now = parts.nanoClock().getAsLong();
    if (deadlineNanos - now <= 0) {
      fail(Failures.of(Reason.DEADLINE_EXCEEDED, "the deadline has passed"));
      return;
    }
    if (attempts == parts.maxAttempts()) {
      fail(givingUp(null));
      return;
    }
    List<TargetView> targets = parts.fleet().targets();
    Placement placement = parts.placer().place(plan.placement(answer, now), targets);
    parts.observer().placed(parts.nanoClock().getAsLong() - now);
    switch (placement) {
      case Refused refused ->
          fail(lastFailure == null ? plan.refusal(refused, targets) : givingUp(refused));
      case Placed placed -> begin(placed, now);
    }
  }

  private void begin(Placed placed, long now) {
    attempts++;
    Fleet.InFlight inFlight =
        parts
            .fleet()
            .begin(
                placed.target(),
                plan.model(),
                answer.progress().unfinished(),
                plan.prefillTokens(answer));
    parts.observer().attemptBegun(placed.target());
    try {
      EgressGrant grant =
          parts
              .policy()
              .grant(plan.label(), placed, plan.requestId(), plan.tenant(), attempts, now);
      Attempt attempt = new Attempt(this, attempts, placed, grant, inFlight);
      current = attempt;
      attempt.opened(
          parts
              .egress()
              .open(grant, plan.generation(attempts, answer), deadlineNanos - now, attempt));
    } catch (RuntimeException denied) {
      current = null;
      inFlight.ended();
      parts.observer().attemptEnded(plan.requestId(), attempts, placed.target(), Reason.INTERNAL);
      fail(Failures.of(Reason.INTERNAL, "the attempt could not leave: " + denied.getMessage()));
    }
  }

  void event(Attempt attempt, GenerationEvent event) {
    lock.lock();
    try {
      if (attempt != current) {
        return;
      }
      if (event.getAttempt() == attempt.number) {
        take(attempt, event);
      }
      if (attempt == current) {
        attempt.taken(reader.ready(), parts.nanoClock().getAsLong());
      }
    } finally {
      lock.unlock();
    }
  }

  private void take(Attempt attempt, GenerationEvent event) {
    switch (answer.take(attempt, event)) {
      case Answer.Taken.GoesOn() -> {}
      case Answer.Taken.Ends(Done done) -> {
        endAttempt(Reason.REASON_UNSPECIFIED, false);
        complete(done);
      }
      case Answer.Taken.Breaks(Failure failure) -> attemptFailed(attempt, failure, true);
    }
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
      if (attempt == current) {
        attemptFailed(attempt, failure, false);
        if (!fromTarget && attempt.started) {
          parts.egress().abandon(attempt.grant);
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void attemptFailed(Attempt attempt, Failure failure, boolean cancel) {
    endAttempt(failure.getReason(), cancel);
    if (answer.progress().allFinished()) {
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
    plan.failedOn(attempt.placed.target(), failure.getReason());
    nextAttempt();
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

  private void endAttempt(Reason reason, boolean cancel) {
    Attempt attempt = current;
    if (attempt == null) {
      return;
    }
    current = null;
    attempt.inFlight.ended();
    if (cancel) {
      attempt.cancel();
    }
    parts
        .observer()
        .attemptEnded(plan.requestId(), attempt.number, attempt.placed.target(), reason);
  }

  private void fail(Failure failure) {
    reader.failed(failure);
    end(failure.getReason());
  }

  private void end(Reason reason) {
    ended = true;
    parts.observer().requestEnded(plan.requestId(), reason);
    whenEnded.run();
  }
}
