package ringfence.router;

import ringfence.proto.v1.Failure;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.DispatchObserver;
import ringfence.router.fleet.FleetObserver;
import ringfence.router.routing.TargetView;

/// Hears everything and does nothing; tests override what they want to hear.
public class Unobserved implements DispatchObserver, FleetObserver {
  @Override
  public void placed(long nanos) {}

  @Override
  public void attemptBegun(AttemptFacts attempt) {}

  @Override
  public void attemptEnded(AttemptFacts attempt, Failure.Reason reason) {}

  @Override
  public void moved(Cause cause) {}

  @Override
  public void resumed(long nanos) {}

  @Override
  public void waited(long nanos, boolean found) {}

  @Override
  public void requestEnded(String requestId, Failure.Reason reason) {}

  @Override
  public void joined(TargetView target) {}

  @Override
  public void draining(TargetView target) {}

  @Override
  public void reported() {}

  @Override
  public void left(TargetView target, String why) {}
}
