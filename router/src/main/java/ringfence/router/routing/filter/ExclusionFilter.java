package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// No target that an earlier attempt of this request failed on.
public final class ExclusionFilter implements Filter {

  @Override
  public String name() {
    return "excluded";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.NO_CAPACITY;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    return !request.excluded().isEmpty() && request.excluded().contains(target.id())
        ? "failed an earlier attempt"
        : null;
  }
}
