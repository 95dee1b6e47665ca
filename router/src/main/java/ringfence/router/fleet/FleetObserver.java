package ringfence.router.fleet;

import ringfence.router.routing.TargetView;

/// Hears of nodes that come and go; called outside the fleet's lock.
public interface FleetObserver {

  /// A node has registered, for the first time or anew.
  void joined(TargetView target);

  /// A node takes no more attempts and should be left.
  void draining(TargetView target);

  /// Something was reported that may have made room.
  void reported();

  /// A node is no longer in the fleet.
  void left(TargetView target, String why);
}
