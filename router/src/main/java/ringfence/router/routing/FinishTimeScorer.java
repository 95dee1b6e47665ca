package ringfence.router.routing;

import org.jspecify.annotations.Nullable;

/// Predicted time to finish: prefill of what waits and of this prompt, a place in the batch, then
/// the expected tokens at the speed of the batch that it would join.
public final class FinishTimeScorer implements Scorer {

  @Override
  public String name() {
    return "finish-time";
  }

  @Override
  public double millis(PlacementRequest request, TargetView target) {
    @Nullable ModelView model = target.model(request.model());
    if (model == null) {
      return Double.MAX_VALUE;
    }
    int joined = model.sequences() + request.choices();
    int batch = Math.max(1, Math.min(joined, model.maxSequences()));
    double secondsPerToken = batch / model.speeds().decode(batch);
    double prefill =
        (model.waitingPromptTokens() + request.promptTokens()) / model.speeds().prefill(batch);
    // Sequences beyond the batch wait for places; one frees up every (answer time / batch).
    double place =
        Math.max(0, joined - batch) * request.expectedAnswerTokens() * secondsPerToken / batch;
    double decode = request.expectedAnswerTokens() * secondsPerToken;
    return 1000 * (prefill + place + decode);
  }
}
