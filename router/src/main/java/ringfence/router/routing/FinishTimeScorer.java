package ringfence.router.routing;

import org.jspecify.annotations.Nullable;

/// Predicted time to finish: prefill of what waits and of what of this prompt the target does not
/// have yet, a place in the batch, then the expected tokens at the speed of the batch that it would
/// join.
public final class FinishTimeScorer implements Scorer {
  private static final Prediction NEVER = new Prediction(Double.MAX_VALUE, Double.MAX_VALUE);

  @Override
  public String name() {
    return "finish-time";
  }

  @Override
  public Prediction predict(PlacementRequest request, TargetView target) {
    @Nullable ModelView model = target.model(request.model());
    if (model == null) {
      return NEVER;
    }
    int joined = model.sequences() + request.choices();
    int batch = Math.max(1, Math.min(joined, model.maxSequences()));
    double secondsPerToken = batch / model.speeds().decode(batch);
    // The last token of a prompt is computed in any case: its logits give the first of the answer.
    int missing = Math.max(1, request.promptTokens() - request.cachedTokens(target));
    double prefill = (model.waitingPromptTokens() + missing) / model.speeds().prefill(batch);
    // Sequences beyond the batch wait for places; one frees up every (answer time / batch).
    double place =
        Math.max(0, joined - batch) * request.expectedAnswerTokens() * secondsPerToken / batch;
    double first = prefill + place;
    double finish = first + request.expectedAnswerTokens() * secondsPerToken;
    return new Prediction(1000 * first, 1000 * finish);
  }
}
