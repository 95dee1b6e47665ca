package ringfence.router.dispatch;

import java.util.Set;
import ringfence.proto.v1.RouteRequest;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// A first attempt's placement request, as a dispatch makes it.
public final class PlacementInput {
  private PlacementInput() {}

  public static PlacementRequest of(
      RouteRequest request, PrefixMemory memory, Zone farthest, long nowNanos) {
    PromptMeasure prompt = PromptMeasure.of(request.getPrompt());
    PromptPrefixes prefixes = memory.of(request);
    return new PlacementRequest(
        request.getModel(),
        farthest,
        prompt.tokens(),
        prompt.leastTokens(),
        256,
        request.getChoices(),
        10_000,
        prefixes.affinity(),
        memory.cached(prefixes),
        prefixes.affinity() * 31,
        null,
        Set.of(),
        nowNanos);
  }

  /// The target has computed the request's prompt.
  public static void computed(RouteRequest request, PrefixMemory memory, TargetView target) {
    memory.computed(memory.of(request), target);
  }
}
