package ringfence.router.routing.filter;

import org.jspecify.annotations.Nullable;
import ringfence.router.routing.Filter;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Placement;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.TargetView;

/// The prompt leaves room for an answer in the context and in the KV cache. Only what is sure
/// counts: the target, which tokenizes, refuses the rest.
public final class ContextFilter implements Filter {

  @Override
  public String name() {
    return "context";
  }

  @Override
  public Placement.Reason whenNoneIsLeft() {
    return Placement.Reason.CONTEXT_LENGTH_EXCEEDED;
  }

  @Override
  public @Nullable String rejects(PlacementRequest request, TargetView target) {
    ModelView model = target.model(request.model());
    if (model != null
        && request.leastPromptTokens() >= Math.min(model.contextLength(), model.kvTokens())) {
      return "the prompt is longer than the context or the KV cache";
    }
    return null;
  }
}
