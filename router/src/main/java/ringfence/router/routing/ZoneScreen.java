package ringfence.router.routing;

import org.jspecify.annotations.Nullable;

/// No target farther than the request's label.
public final class ZoneScreen implements Screen {

  @Override
  public String name() {
    return "zone";
  }

  @Override
  public @Nullable String forbids(PlacementRequest request, TargetView target) {
    return target.zone().isFartherThan(request.farthestZone())
        ? "farther than the request's label"
        : null;
  }
}
