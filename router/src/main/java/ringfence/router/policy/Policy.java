package ringfence.router.policy;

import java.util.concurrent.TimeUnit;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.WireZones;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.ZoneScreen;

/// Decides how far a request's content may go, and grants egress to where it was placed within
/// that.
public final class Policy {
  private static final long GRANT_LIFETIME_NANOS = TimeUnit.SECONDS.toNanos(5);

  /// The effective label: what the gateway allows. Whoever adds a reason can only pull it nearer
  /// ([ringfence.router.routing.Zone#nearer]).
  public EffectiveLabel classify(RouteRequest request) {
    return classify(request.getLabel());
  }

  /// The effective label of a question without content.
  public EffectiveLabel classify(Label label) {
    return new EffectiveLabel(WireZones.ofLabel(label.getFarthestZone()), label.getReasonsList());
  }

  /// Lets one attempt out to where placement put it.
  ///
  /// @throws IllegalStateException when the target is farther than the label: placement's screens
  ///   have failed, and nothing leaves
  public EgressGrant grant(
      EffectiveLabel label,
      Placed placed,
      String requestId,
      String tenant,
      int attempt,
      long nowNanos) {
    if (placed.target().zone().isFartherThan(label.farthestZone())) {
      throw new IllegalStateException(
          "target "
              + placed.target().name()
              + " is farther than the label; see "
              + ZoneScreen.class);
    }
    return new EgressGrant(
        requestId, attempt, placed.target(), label, tenant, nowNanos + GRANT_LIFETIME_NANOS);
  }
}
