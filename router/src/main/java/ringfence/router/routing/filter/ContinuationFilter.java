package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target can go on with an answer that has begun: same model file and, once tokens were
/// delivered, the same exact arithmetic.
public final class ContinuationFilter implements Filter {

  @Override
  public String name() {
    return "continuation";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.RESUME_MISMATCH;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    PlacementRequest.Continuation continuation = request.continuation();
    if (continuation == null) {
      return null;
    }
    ModelView model = target.model(request.model());
    if (model == null || !model.digest().equals(continuation.digest())) {
      return "serves another build of the model";
    }
    if (continuation.numerics() != null
        && !(target.deterministic() && target.numerics().equals(continuation.numerics()))) {
      return "computes with other numerics";
    }
    return null;
  }
}
