package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target serves the model that is asked for.
public final class ModelFilter implements Filter {

  @Override
  public String name() {
    return "model";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.UNKNOWN_MODEL;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    return target.model(request.model()) == null ? "does not serve the model" : null;
  }
}
