package ringfence.router.policy;

import java.util.List;
import ringfence.router.routing.Zone;

/// How far a request's content may go, all things considered. Made by [Policy] alone.
public final class EffectiveLabel {
  private final Zone farthestZone;
  private final List<String> reasons;

  EffectiveLabel(Zone farthestZone, List<String> reasons) {
    this.farthestZone = farthestZone;
    this.reasons = List.copyOf(reasons);
  }

  /// The farthest zone in which the content may be seen.
  public Zone farthestZone() {
    return farthestZone;
  }

  /// Machine-readable; no content.
  public List<String> reasons() {
    return reasons;
  }
}
