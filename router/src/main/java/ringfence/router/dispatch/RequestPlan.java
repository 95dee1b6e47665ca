package ringfence.router.dispatch;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Started;
import ringfence.router.WireZones;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.PlacementRequest.Continuation;
import ringfence.router.routing.TargetView;

/// What a request asks of placement and of a target: made anew for each attempt from what of its
/// answer there is, and from what earlier attempts have taught. Guarded by its dispatch's lock.
final class RequestPlan {
  private static final int USUAL_ANSWER_TOKENS = 256;

  private final RouteRequest request;
  private final EffectiveLabel label;
  private final PromptMeasure prompt;
  private final Set<String> excluded = new HashSet<>();
  private int leastPromptTokens;

  RequestPlan(RouteRequest request, EffectiveLabel label) {
    this.request = request;
    this.label = label;
    this.prompt = PromptMeasure.of(request);
    this.leastPromptTokens = prompt.leastTokens();
  }

  String requestId() {
    return request.getRequestId();
  }

  String tenant() {
    return request.getTenant();
  }

  String model() {
    return request.getModel();
  }

  EffectiveLabel label() {
    return label;
  }

  /// Tokens that a target must compute before the answer goes on, as an estimate.
  int prefillTokens(Answer answer) {
    return prompt.tokens() + answer.progress().longestUnfinished();
  }

  PlacementRequest placement(Answer answer, long nowNanos) {
    int longest = answer.progress().longestUnfinished();
    int wanted =
        request.getStop().hasMaxTokens()
            ? Math.min(request.getStop().getMaxTokens(), USUAL_ANSWER_TOKENS)
            : USUAL_ANSWER_TOKENS;
    Started begun = answer.basis();
    return new PlacementRequest(
        request.getModel(),
        label.farthestZone(),
        prefillTokens(answer),
        leastPromptTokens,
        Math.max(1, wanted - longest),
        answer.progress().unfinished(),
        prompt.prefixKey(),
        begun == null
            ? null
            : new Continuation(
                begun.getModelDigest(),
                answer.progress().anyDelivered() ? begun.getNumerics() : null),
        excluded,
        nowNanos);
  }

  GenerationRequest generation(int attempt, Answer answer) {
    Started begun = answer.basis();
    return GenerationRequest.newBuilder()
        .setRequestId(request.getRequestId())
        .setAttempt(attempt)
        .setModel(request.getModel())
        .setModelDigest(begun == null ? "" : begun.getModelDigest())
        .setLabel(
            Label.newBuilder()
                .setFarthestZone(WireZones.toWire(label.farthestZone()))
                .addAllReasons(label.reasons()))
        .setPrompt(request.getPrompt())
        .setSampling(request.getSampling())
        .setStop(request.getStop())
        .setOutput(request.getOutput())
        .addAllChoices(answer.progress().starts())
        .build();
  }

  /// An attempt has failed there, and another target is looked for.
  void failedOn(TargetView target, Reason reason) {
    excluded.add(target.name());
    var model = target.model(request.getModel());
    if (RetryRules.isTooLong(reason) && model != null) {
      leastPromptTokens =
          Math.max(leastPromptTokens, Math.min(model.contextLength(), model.kvTokens()));
    }
  }

  /// A refused placement as the client is told.
  Failure refusal(Refused refused, List<TargetView> targets) {
    return Refusals.of(refused, label.farthestZone(), targets);
  }
}
