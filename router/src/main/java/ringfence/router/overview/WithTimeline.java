package ringfence.router.overview;

import ringfence.proto.v1.Failure;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.DispatchObserver;
import ringfence.router.fleet.FleetObserver;
import ringfence.router.routing.TargetView;

/// Hands on what dispatches and the fleet do, and notes it in a timeline.
public final class WithTimeline implements DispatchObserver, FleetObserver {
  private final DispatchObserver dispatches;
  private final FleetObserver fleet;
  private final Timeline timeline;

  /// @param dispatches hears of dispatches too
  /// @param fleet hears of nodes too
  public WithTimeline(DispatchObserver dispatches, FleetObserver fleet, Timeline timeline) {
    this.dispatches = dispatches;
    this.fleet = fleet;
    this.timeline = timeline;
  }

  @Override
  public void placed(long nanos) {
    dispatches.placed(nanos);
  }

  @Override
  public void attemptBegun(AttemptFacts attempt) {
    timeline.placed(attempt);
    dispatches.attemptBegun(attempt);
  }

  @Override
  public void attemptEnded(AttemptFacts attempt, Failure.Reason reason) {
    timeline.ended(attempt, reason);
    dispatches.attemptEnded(attempt, reason);
  }

  @Override
  public void moved(Cause cause) {
    dispatches.moved(cause);
  }

  @Override
  public void resumed(long nanos) {
    dispatches.resumed(nanos);
  }

  @Override
  public void waited(long nanos, boolean found) {
    dispatches.waited(nanos, found);
  }

  @Override
  public void requestEnded(String requestId, Failure.Reason reason) {
    dispatches.requestEnded(requestId, reason);
  }

  @Override
  public void joined(TargetView target) {
    timeline.changed(target, "joined", "");
    fleet.joined(target);
  }

  @Override
  public void draining(TargetView target) {
    timeline.changed(target, "draining", "");
    fleet.draining(target);
  }

  @Override
  public void reported() {
    fleet.reported();
  }

  @Override
  public void left(TargetView target, String why) {
    timeline.changed(target, "left", why);
    fleet.left(target, why);
  }
}
