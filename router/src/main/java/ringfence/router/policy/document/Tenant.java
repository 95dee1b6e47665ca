package ringfence.router.policy.document;

import java.time.Duration;
import java.util.List;
import ringfence.router.routing.Zone;

/// Who pays, and what is allowed to all its keys.
///
/// @param farthestZone of any of its requests
/// @param maxWait the usual wait for the first token before a request overflows; zero: the router's
/// @param budgets at most one per window
public record Tenant(
    String name,
    Zone farthestZone,
    Duration maxWait,
    List<BudgetLimit> budgets,
    DetectorRules detectors) {

  /// The only tenant of a setup without a policy file: the gateway's ceiling alone holds.
  public static final Tenant KEYLESS =
      new Tenant("", Zone.EXTERNAL, Duration.ZERO, List.of(), DetectorRules.STANDARD);

  public Tenant {
    budgets = List.copyOf(budgets);
  }

  /// With one of so many equal parts of its budgets.
  Tenant withPartOfBudgets(int parts) {
    return new Tenant(
        name,
        farthestZone,
        maxWait,
        budgets.stream().map(limit -> limit.part(parts)).toList(),
        detectors);
  }
}
