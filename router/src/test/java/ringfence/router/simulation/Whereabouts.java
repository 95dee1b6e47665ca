package ringfence.router.simulation;

import java.util.HashMap;
import java.util.Map;
import ringfence.proto.v1.GenerationRequest;
import ringfence.router.policy.EgressGrant;
import ringfence.router.routing.Zone;

/// Where prompts go, seen from outside the router.
final class Whereabouts {
  private final Map<String, Zone> labels = new HashMap<>();
  private final Simulation simulation;

  Whereabouts(Simulation simulation) {
    this.simulation = simulation;
  }

  void allow(String requestId, Zone farthest) {
    labels.put(requestId, farthest);
  }

  void bytesLeave(EgressGrant grant, GenerationRequest request) {
    check(request.getRequestId(), simulation.node(grant.target().name()).zone);
  }

  void bytesArrived(SimulatedNode node, GenerationRequest request) {
    check(request.getRequestId(), node.zone);
  }

  private void check(String requestId, Zone zone) {
    if (zone.ordinal() > labels.get(requestId).ordinal()) {
      simulation.world.violated(
          Violation.Rule.NeverOutsideZone,
          requestId + " may go to " + labels.get(requestId) + " and went to " + zone);
    }
  }
}
