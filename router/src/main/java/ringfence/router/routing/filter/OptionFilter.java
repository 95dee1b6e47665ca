package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target can be told all that the request says.
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
    if (target.isUpstream()) {
      return request.nodesOnly() == null
          ? null
          : "an upstream's API does not know " + request.nodesOnly();
    }
    return request.upstreamsOnly() == null ? null : "nodes do not know " + request.upstreamsOnly();
  }
}
