package ringfence.router.dispatch;

import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.Failures;
import ringfence.router.fleet.InFlight;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.GrantDeniedException;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;

/// Sends the attempts of one request, each with a grant and a number of its own. Guarded by its
/// dispatch's lock.
final class Departures {
  private final Dispatcher parts;
  private final RequestPlan plan;
  private final long deadlineNanos;
  private int attempts;

  Departures(Dispatcher parts, RequestPlan plan, long deadlineNanos) {
    this.parts = parts;
    this.plan = plan;
    this.deadlineNanos = deadlineNanos;
  }

  /// What became of an attempt.
  sealed interface Sent {
    /// It is under way.
    record UnderWay(Attempt attempt) implements Sent {}

    /// It could not leave.
    ///
    /// @param mayGoElsewhere another target may be granted
    record Denied(Failure failure, boolean mayGoElsewhere) implements Sent {}
  }

  /// Attempts so far, also those that could not leave.
  int attempts() {
    return attempts;
  }

  Sent send(Dispatch dispatch, Placed placed, Answer answer, long nowNanos) {
    attempts++;
    TargetView target = placed.target();
    InFlight inFlight =
        parts
            .fleet()
            .begin(
                target, plan.model(), answer.progress().unfinished(), plan.prefillTokens(answer));
    AttemptFacts facts = plan.facts(attempts, placed);
    parts.observer().attemptBegun(facts);
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
                  nowNanos);
      Attempt attempt =
          new Attempt(
              dispatch, attempts, placed, grant, inFlight, answer.progress().tokens(), nowNanos);
      attempt.opened(
          parts
              .egress()
              .open(grant, plan.generation(attempts, answer), deadlineNanos - nowNanos, attempt));
      return new Sent.UnderWay(attempt);
    } catch (GrantDeniedException denied) {
      stayed(facts, inFlight, denied.failure().getReason());
      return new Sent.Denied(denied.failure(), denied.mayGoElsewhere());
    } catch (RuntimeException broken) {
      stayed(facts, inFlight, Reason.INTERNAL);
      return new Sent.Denied(
          Failures.of(Reason.INTERNAL, "the attempt could not leave: " + broken.getMessage()),
          false);
    }
  }

  private void stayed(AttemptFacts facts, InFlight inFlight, Reason reason) {
    inFlight.ended();
    parts.observer().attemptEnded(facts, reason);
  }
}
