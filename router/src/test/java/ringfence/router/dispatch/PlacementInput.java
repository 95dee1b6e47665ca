package ringfence.router.dispatch;

import java.util.Set;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.Zone;

/// A first attempt's placement request, as a dispatch makes it.
public final class PlacementInput {
  private PlacementInput() {}

  public static PlacementRequest of(RouteRequest request, Zone farthest, long nowNanos) {
    PromptMeasure prompt = PromptMeasure.of(request);
    return new PlacementRequest(
        request.getModel(),
        farthest,
        prompt.tokens(),
        prompt.leastTokens(),
        256,
        request.getChoices(),
        prompt.prefixKey(),
        null,
        Set.of(),
        nowNanos);
  }
}
