package ringfence.router.policy;

import java.util.List;
import java.util.Map;
import ringfence.router.routing.Zone;

/// What the policy says of a text that is not sent anywhere.
///
/// @param farthestZone after all that
/// @param reasons machine-readable; no content
/// @param findings by detector, with how far a request goes in which it finds something
/// @param complete false: a detector failed or time was up
public record Inspected(
    Zone farthestZone, List<String> reasons, Map<String, Zone> findings, boolean complete) {
  public Inspected {
    reasons = List.copyOf(reasons);
    findings = Map.copyOf(findings);
  }
}
