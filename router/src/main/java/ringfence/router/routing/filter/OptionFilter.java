package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target's API can say what the request says; a node's always can.
public final class OptionFilter implements Filter {

  @Override
  public String name() {
    return "option";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.UNKNOWN_OPTION;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    return request.nodesOnly() != null && target.isUpstream()
        ? "its API does not know " + request.nodesOnly()
        : null;
  }
}
