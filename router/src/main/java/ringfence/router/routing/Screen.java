package ringfence.router.routing;

import org.jspecify.annotations.Nullable;

/// A mandatory rule of privacy. It is asked first, can't be weighed against anything, and no later
/// step sees a target that it keeps out.
public interface Screen {

  /// Machine-readable name, for verdicts.
  String name();

  /// Why the request's content may not reach the target; null: it may.
  @Nullable String forbids(PlacementRequest request, TargetView target);
}
