package ringfence.router.routing;

import java.util.List;

/// Chooses among scored targets.
public interface Picker {

  /// One of the candidates, which are at least one; the same for the same candidates in any order.
  Scored pick(PlacementRequest request, List<Scored> candidates);

  /// A target and its predicted time to the answer's end.
  record Scored(TargetView target, double millis) {}
}
