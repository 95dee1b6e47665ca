package ringfence.router.simulation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.policy.budget.Spent;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// What one life of a router must never do, from what it was told: refuse whom it should have wait,
/// send away what should wait, deliver what was not paid.
final class RouterRules {
  static final long AWAIT_LOST_NANOS = 60 * World.SECONDS;

  private final Simulation simulation;
  private final World world;
  private final Map<String, Long> delivered = new HashMap<>();

  /// When each zone's nodes were last in the fleet; the largest number: now.
  private final Map<Zone, Map<String, Long>> lastThere = new HashMap<>();

  /// Since when nodes could report.
  private final long listensSince;

  /// Begins with the router's life.
  RouterRules(Simulation simulation, List<Spent> spentBefore) {
    this.simulation = simulation;
    this.world = simulation.world;
    this.listensSince = world.now();
    for (Spent before : spentBefore) {
      delivered.merge(before.tenant(), before.amounts().tokens(), Math::max);
    }
  }

  void joined(TargetView target) {
    there(target, Long.MAX_VALUE);
  }

  void left(TargetView target) {
    there(target, world.now());
  }

  private void there(TargetView target, long until) {
    lastThere.computeIfAbsent(target.zone(), _ -> new HashMap<>()).put(target.name(), until);
  }

  boolean mayNotKnowAllNodes() {
    return world.now() - listensSince < simulation.awaitFirstNanos;
  }

  /// An attempt is sent: not away from the site while nearer nodes may not have reported and there
  /// is time to wait for them. Who finds no place to wait in goes at once.
  void begins(AttemptFacts attempt, long patientUntil, boolean mayWait) {
    Placed placed = attempt.placed();
    if (placed.target().zone().isFartherThan(Zone.SITE)
        && mayNotKnowAllNodes()
        && mayWait
        && patientUntil - (long) (placed.firstTokenMillis() * World.MILLIS) > world.now()) {
      world.violated(
          Violation.Rule.NearNodesAreAwaited,
          attempt.requestId() + " leaves the site before nodes could report");
    }
  }

  /// A request was refused: not for want of nodes that it has just lost, or that had no time to
  /// report.
  void refused(RouteRequest request, Failure failure) {
    if (isForWantOfNodes(failure)) {
      if (hasLostOneWithin(WireZones.ofLabel(request.getLabel().getFarthestZone()))) {
        world.violated(
            Violation.Rule.LostNodesAreAwaited,
            request.getRequestId() + " is refused while a node may come back");
      }
      if (mayNotKnowAllNodes()) {
        world.violated(
            Violation.Rule.FirstReportsAreAwaited,
            request.getRequestId() + " is refused before nodes could report");
      }
    }
    if (failure.getMessage().contains("reported yet")) {
      simulation.statistics.count("refused before nodes reported");
    }
    if (failure.getMessage().contains("lost; it may come back")) {
      simulation.statistics.count("waited for a lost node");
    }
  }

  private static boolean isForWantOfNodes(Failure failure) {
    return failure.getReason() == Failure.Reason.NO_TARGET_IN_ZONE
        || failure.getReason() == Failure.Reason.UNKNOWN_MODEL;
  }

  private boolean hasLostOneWithin(Zone farthest) {
    boolean lost = false;
    for (Map.Entry<Zone, Map<String, Long>> zone : lastThere.entrySet()) {
      if (!zone.getKey().isFartherThan(farthest)) {
        for (long until : zone.getValue().values()) {
          lost |= until != Long.MAX_VALUE && world.now() - until <= AWAIT_LOST_NANOS;
        }
      }
    }
    return lost;
  }

  /// A token has gone to a tenant.
  void delivered(String tenant) {
    long tokens = delivered.merge(tenant, 1L, Long::sum);
    if (tokens > simulation.budget) {
      world.violated(Violation.Rule.BudgetHolds, tenant + " got " + tokens + " tokens");
    }
  }
}
