package ringfence.router.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import ringfence.router.policy.budget.Spending;
import ringfence.router.routing.Zone;

/// How far a request's content may go, all things considered. Made by [Policy] alone.
public final class EffectiveLabel {
  private final Zone farthestZone;
  private final List<String> reasons;
  private final Caller caller;
  private final String policyVersion;
  private final @Nullable Spending spending;

  EffectiveLabel(
      Zone farthestZone,
      List<String> reasons,
      Caller caller,
      String policyVersion,
      @Nullable Spending spending) {
    this.farthestZone = farthestZone;
    this.reasons = List.copyOf(reasons);
    this.caller = caller;
    this.policyVersion = policyVersion;
    this.spending = spending;
  }

  /// The farthest zone in which the content may be seen.
  public Zone farthestZone() {
    return farthestZone;
  }

  /// Machine-readable; no content.
  public List<String> reasons() {
    return reasons;
  }

  /// Whose request it is.
  public Caller caller() {
    return caller;
  }

  /// What it may cost; null: it costs nothing, as a question without content does.
  @Nullable Spending spending() {
    return spending;
  }

  /// The policy that decided: SHA-256 of its files, hexadecimal, or `none`.
  public String policyVersion() {
    return policyVersion;
  }
}
