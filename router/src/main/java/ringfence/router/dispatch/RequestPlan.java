package ringfence.router.dispatch;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Started;
import ringfence.router.WireZones;
import ringfence.router.egress.openai.UpstreamRequest;
import ringfence.router.policy.EffectiveLabel;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.PlacementRequest;
import ringfence.router.routing.PlacementRequest.Continuation;
import ringfence.router.routing.TargetView;

/// What a request asks of placement and of a target: made anew for each attempt from what of its
/// answer there is, and from what earlier attempts have taught. Guarded by its dispatch's lock.
final class RequestPlan {
  private static final int USUAL_ANSWER_TOKENS = 256;
  private static final long PASSING_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final RouteRequest request;
  private final EffectiveLabel label;
  private final PromptMeasure prompt;
  private final PromptPrefixes prefixes;
  private final PrefixMemory memory;
  private final long maxWaitMillis;
  private final @Nullable String nodesOnly;
  private final @Nullable String upstreamsOnly;
  private final Map<String, Exclusion> excluded = new HashMap<>();
  private int leastPromptTokens;

  RequestPlan(
      RouteRequest request, EffectiveLabel label, PrefixMemory memory, long defaultMaxWaitMillis) {
    this.request = request;
    this.label = label;
    this.prompt = PromptMeasure.of(request.getPrompt());
    this.memory = memory;
    this.prefixes = memory.of(request);
    this.maxWaitMillis =
        request.getMaxWaitMillis() == 0 ? defaultMaxWaitMillis : request.getMaxWaitMillis();
    this.leastPromptTokens = prompt.leastTokens();
    this.nodesOnly =
        UpstreamRequest.unknownOption(
            request.getPrompt(), request.getSampling(), request.getStop(), request.getOutput());
    this.upstreamsOnly = mustCall(request.getPrompt().getChat());
  }

  /// What nodes can't do for want of a grammar that holds an answer to it.
  private static @Nullable String mustCall(Chat chat) {
    return switch (chat.getMustCallCase()) {
      case ANY_TOOL -> chat.getAnyTool() ? "tool_choice 'required'; use 'auto' or 'none'" : null;
      case NAMED_TOOL -> "a tool_choice that names a function; use 'auto' or 'none'";
      case MUSTCALL_NOT_SET -> null;
    };
  }

  /// A target is out until then.
  private record Exclusion(long untilNanos, boolean forGood) {
    boolean holds(long nowNanos) {
      return forGood || untilNanos - nowNanos > 0;
    }
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

  /// What may be told of one of its attempts.
  AttemptFacts facts(int attempt, Placed placed) {
    return new AttemptFacts(requestId(), tenant(), model(), attempt, placed);
  }

  EffectiveLabel label() {
    return label;
  }

  /// For the first token, and before a request that finds no room is given up.
  long maxWaitMillis() {
    return maxWaitMillis;
  }

  /// Whether nodes know what the request asks for.
  boolean nodesCould() {
    return upstreamsOnly == null;
  }

  /// What it waits for.
  WaitingRoom.Wish wish(Answer answer, long deadlineNanos, Outlook.Waits waits) {
    return new WaitingRoom.Wish(
        request.getTenant(),
        request.getModel(),
        label.farthestZone(),
        answer.progress().unfinished(),
        prompt.bytes(),
        deadlineNanos,
        excluded.isEmpty() && answer.basis() == null && waits.isLikeOthers(),
        waits.isForRoom());
  }

  /// Tokens that a target must compute before the answer goes on, as an estimate.
  int prefillTokens(Answer answer) {
    return prompt.tokens() + answer.progress().longestUnfinished();
  }

  /// What placement is asked.
  ///
  /// @param besides id of a target that is out this time; null: none
  PlacementRequest placement(Answer answer, @Nullable String besides, long draw, long nowNanos) {
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
        maxWaitMillis,
        prefixes.affinity(),
        memory.cached(prefixes),
        draw,
        begun == null
            ? null
            : new Continuation(
                begun.getModelDigest(),
                answer.progress().anyDelivered() ? begun.getNumerics() : null),
        outNow(besides, nowNanos),
        nodesOnly,
        upstreamsOnly,
        nowNanos);
  }

  private Set<String> outNow(@Nullable String besides, long nowNanos) {
    if (excluded.isEmpty()) {
      return besides == null ? Set.of() : Set.of(besides);
    }
    Set<String> out = new HashSet<>();
    excluded.forEach((target, exclusion) -> {
      if (exclusion.holds(nowNanos)) {
        out.add(target);
      }
    });
    if (besides != null) {
      out.add(besides);
    }
    return out;
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
        .setHasSeed(request.getHasSeed())
        .build();
  }

  /// Whether the request could still run as another model of that name than a target's: another
  /// build, or an upstream's. From the moment on in which a reader is told the model it can't.
  boolean mayYetChangeModel(Answer answer, TargetView target, List<TargetView> targets) {
    ModelView its = target.model(request.getModel());
    return answer.basis() == null
        && its != null
        && targets.stream().anyMatch(other -> serves(other, its.digest()));
  }

  private boolean serves(TargetView other, String besidesDigest) {
    ModelView model = other.model(request.getModel());
    return model != null
        && !model.digest().equals(besidesDigest)
        && !other.zone().isFartherThan(label.farthestZone())
        && !(other.isUpstream() && nodesOnly != null);
  }

  /// A target has computed the prompt.
  ///
  /// @param cachedTokens of the prompt that it still had
  void computed(TargetView target, int cachedTokens) {
    Integer thought = memory.cached(prefixes).get(target.name());
    if (thought != null && cachedTokens < thought / 2) {
      memory.missed(prefixes, target, 2 * cachedTokens);
    }
    memory.computed(prefixes, target);
  }

  /// An attempt has failed there, and another target is looked for. What may pass keeps the target
  /// out for a moment only.
  void failedOn(TargetView target, Reason reason, long nowNanos) {
    excluded.put(target.id(), new Exclusion(nowNanos + PASSING_NANOS, !RetryRules.mayPass(reason)));
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
