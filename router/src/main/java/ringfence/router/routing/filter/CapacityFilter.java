package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target has room for the choices, in its batch or in its queue.
public final class CapacityFilter implements Filter {

  private final int queueLimit;

  /// At most that many sequences may wait on a target.
  public CapacityFilter(int queueLimit) {
    this.queueLimit = queueLimit;
  }

  @Override
  public String name() {
    return "capacity";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.NO_CAPACITY;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    ModelView model = target.model(request.model());
    if (model == null) {
      return null;
    }
    if (target.isUpstream()) {
      // It has no queue of ours; its limits are in TargetView.unavailable.
      return null;
    }
    if (model.sequences() == 0) {
      // More choices than fit at once are still run, one batch after the other.
      return null;
    }
    long room = (long) model.maxSequences() + queueLimit - model.sequences();
    return room < request.choices() ? "no room in its queue" : null;
  }
}
