package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The target was heard of lately and takes attempts.
public final class HealthFilter implements Filter {

  private final long silenceLimitNanos;

  /// A target is out when it was not heard of for longer than that.
  public HealthFilter(long silenceLimitNanos) {
    this.silenceLimitNanos = silenceLimitNanos;
  }

  @Override
  public String name() {
    return "health";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.NO_CAPACITY;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    if (target.draining()) {
      return "draining";
    }
    if (target.unavailable() != null) {
      return target.unavailable();
    }
    return request.nowNanos() - target.heardNanos() > silenceLimitNanos ? "silent" : null;
  }
}
