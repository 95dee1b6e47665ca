package ringfence.router.dispatch;

import java.util.concurrent.TimeUnit;
import ringfence.router.fleet.Fleet;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.Zone;

/// Says whether one request goes where placement puts it, or what it waits for. Guarded by its
/// dispatch's lock.
///
/// A fresh request waits where targets for it exist or have just gone; an answer that has begun
/// waits for any target that can go on with it. While nodes may not have reported yet, a request
/// that no known target could serve waits for them, and one that would leave the site holds back as
/// long as it can do so and still have its first token in time: a nearer node that is only late has
/// not missed the objective yet. Within the site nobody holds back, for nothing is lost there.
final class Prospects {
  private static final Zone FARTHEST_AT_ONCE = Zone.SITE;

  private final Fleet fleet;
  private final RequestPlan plan;
  private final Answer answer;

  Prospects(Fleet fleet, RequestPlan plan, Answer answer) {
    this.fleet = fleet;
    this.plan = plan;
    this.answer = answer;
  }

  /// @param limitNanos when its patience ends
  Outlook of(Placement placement, long limitNanos, long nowNanos) {
    long leftNanos = plan.nodesCould() ? fleet.firstReportsNanos(nowNanos) : 0;
    long reportedNanos = earlier(nowNanos + leftNanos, limitNanos);
    return switch (placement) {
      case Placed placed -> {
        long lastMoment = earlier(reportedNanos, limitNanos - firstTokenNanos(placed));
        yield holdsBack(placed, lastMoment - nowNanos)
            ? new Outlook.ForReports(placed, lastMoment)
            : new Outlook.Goes(placed);
      }
      case Refused refused when mayWaitForRoom(refused) -> new Outlook.ForRoom(refused, limitNanos);
      case Refused refused when mayYetBeServed(leftNanos) ->
          new Outlook.ForReports(refused, reportedNanos);
      case Refused refused -> new Outlook.Ends(refused);
    };
  }

  private static long earlier(long one, long other) {
    return one - other < 0 ? one : other;
  }

  private static long firstTokenNanos(Placed placed) {
    return (long) (placed.firstTokenMillis() * TimeUnit.MILLISECONDS.toNanos(1));
  }

  private static boolean holdsBack(Placed placed, long leftNanos) {
    return leftNanos > 0 && placed.target().zone().isFartherThan(FARTHEST_AT_ONCE);
  }

  private boolean mayYetBeServed(long leftNanos) {
    return leftNanos > 0 && answer.mayGoOnElsewhere();
  }

  private boolean mayWaitForRoom(Refused refused) {
    return switch (refused.reason()) {
      case NO_CAPACITY -> true;
      case RESUME_MISMATCH, UNKNOWN_MODEL, NO_TARGET_IN_ZONE ->
          answer.progress().anyDelivered() && answer.mayGoOnElsewhere();
      case CONTEXT_LENGTH_EXCEEDED, UNKNOWN_OPTION -> false;
    };
  }
}
