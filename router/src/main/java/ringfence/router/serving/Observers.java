package ringfence.router.serving;

import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.NodeStateEvent.Change;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.DispatchObserver;
import ringfence.router.fleet.FleetObserver;
import ringfence.router.overview.Timeline;
import ringfence.router.routing.TargetView;
import ringfence.telemetry.TracedLog;

/// Has the metrics hear of everything, traces of requests and attempts, and the timeline and, where
/// there is one, the outbox of attempts and nodes.
///
/// @param events null: there is no outbox
record Observers(
    RouterMetrics metrics, RequestTraces traces, Timeline timeline, @Nullable ToldEvents events)
    implements DispatchObserver, FleetObserver {

  @Override
  public void placed(long nanos) {
    metrics.placed(nanos);
  }

  @Override
  public void attemptBegun(AttemptFacts attempt) {
    metrics.attemptBegun(attempt);
    traces.attemptBegun(attempt);
    timeline.placed(attempt);
    if (events != null) {
      events.attemptBegun(attempt);
    }
  }

  @Override
  public void attemptEnded(AttemptFacts attempt, Failure.Reason reason) {
    TracedLog.in(traces.of(attempt), () -> metrics.attemptEnded(attempt, reason));
    traces.attemptEnded(attempt, reason);
    timeline.ended(attempt, reason);
    if (events != null) {
      events.attemptEnded(attempt, reason);
    }
  }

  @Override
  public void moved(Cause cause) {
    metrics.moved(cause);
  }

  @Override
  public void resumed(long nanos) {
    metrics.resumed(nanos);
  }

  @Override
  public void waited(long nanos, boolean found) {
    metrics.waited(nanos, found);
  }

  @Override
  public void requestEnded(String requestId, Failure.Reason reason) {
    metrics.requestEnded(requestId, reason);
    traces.requestEnded(requestId, reason);
  }

  @Override
  public void joined(TargetView target) {
    metrics.joined(target);
    timeline.changed(target, "joined", "");
    node(target, Change.JOINED, "");
  }

  @Override
  public void draining(TargetView target) {
    metrics.draining(target);
    timeline.changed(target, "draining", "");
    node(target, Change.DRAINING, "");
  }

  @Override
  public void reported() {
    metrics.reported();
  }

  @Override
  public void left(TargetView target, String why) {
    metrics.left(target, why);
    timeline.changed(target, "left", why);
    node(target, Change.LEFT, why);
  }

  private void node(TargetView target, Change change, String cause) {
    if (events != null) {
      events.node(target, change, cause);
    }
  }
}
