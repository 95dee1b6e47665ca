package ringfence.router.policy;

import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// The value without which no code can open a channel to a target. Only [Policy] makes one, for one
/// attempt of one request on one target, and it is checked again where the bytes leave.
public final class EgressGrant {
  private final String requestId;
  private final int attempt;
  private final TargetView target;
  private final EffectiveLabel label;
  private final String tenant;
  private final Zone farthestZone;
  private final long expiresNanos;

  EgressGrant(
      String requestId,
      int attempt,
      TargetView target,
      EffectiveLabel label,
      String tenant,
      Zone farthestZone,
      long expiresNanos) {
    this.requestId = requestId;
    this.attempt = attempt;
    this.target = target;
    this.label = label;
    this.tenant = tenant;
    this.farthestZone = farthestZone;
    this.expiresNanos = expiresNanos;
  }

  /// The request whose attempt may leave.
  public String requestId() {
    return requestId;
  }

  /// From 1.
  public int attempt() {
    return attempt;
  }

  /// Where it may go.
  public TargetView target() {
    return target;
  }

  /// How far the content may go, and why.
  public EffectiveLabel label() {
    return label;
  }

  /// The label's farthest zone, or a nearer one where the policy has changed since.
  public Zone farthestZone() {
    return farthestZone;
  }

  /// The policy that decided: SHA-256 of its files, hexadecimal, or `none`.
  public String policyVersion() {
    return label.policyVersion();
  }

  /// Whose request it is; empty in a keyless setup.
  public String tenant() {
    return tenant;
  }

  /// Whether that attempt may leave for the target at that moment.
  ///
  /// @param nowNanos on the clock that the grant was made by
  public boolean permits(String leavingRequest, int leavingAttempt, long nowNanos) {
    return requestId.equals(leavingRequest)
        && attempt == leavingAttempt
        && expiresNanos - nowNanos > 0
        && !target.zone().isFartherThan(farthestZone);
  }

  @Override
  public String toString() {
    return "EgressGrant[" + requestId + "/" + attempt + " -> " + target.name() + "]";
  }
}
