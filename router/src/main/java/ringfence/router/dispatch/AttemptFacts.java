package ringfence.router.dispatch;

import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;

/// What may be told of an attempt; none of it is content.
///
/// @param attempt from 1
public record AttemptFacts(
    String requestId, String tenant, String model, int attempt, Placed placed) {

  /// Where it runs.
  public TargetView target() {
    return placed.target();
  }
}
