package ringfence.router.routing;

import org.jspecify.annotations.Nullable;

/// Whether a target can serve a request at all.
public interface Filter {

  /// Machine-readable name, for verdicts.
  String name();

  /// What it means when this filter leaves no target.
  Placement.Reason whenNoneIsLeft();

  /// Why the target can't serve the request; null: it can.
  @Nullable String rejects(PlacementRequest request, TargetView target);
}
