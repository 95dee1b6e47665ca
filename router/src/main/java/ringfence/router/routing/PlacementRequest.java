package ringfence.router.routing;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What placement knows of a request; none of it is content.
///
/// @param model name
/// @param farthestZone the effective label
/// @param promptTokens estimate; the target counts exactly
/// @param leastPromptTokens what the prompt surely has
/// @param expectedAnswerTokens of one choice, still to come
/// @param choices still to be answered
/// @param maxWaitMillis the objective: for the first token; above 0
/// @param affinity hash of the prompt's beginning: requests with an equal one are better off
///   together
/// @param cachedTokens tokens of the prompt that targets may still have, by their names
/// @param draw a random number, for the choice among many that are alike
/// @param continuation set when an answer has begun
/// @param excluded ids of targets that earlier attempts failed on ([TargetView#id])
/// @param nodesOnly what of the request an upstream's API does not know; null: nothing
/// @param upstreamsOnly what of the request nodes do not know; null: nothing
/// @param nowNanos the present, on the clock of [TargetView#heardNanos]
public record PlacementRequest(
    String model,
    Zone farthestZone,
    int promptTokens,
    int leastPromptTokens,
    int expectedAnswerTokens,
    int choices,
    long maxWaitMillis,
    long affinity,
    Map<String, Integer> cachedTokens,
    long draw,
    @Nullable Continuation continuation,
    Set<String> excluded,
    @Nullable String nodesOnly,
    @Nullable String upstreamsOnly,
    long nowNanos) {

  public PlacementRequest {
    cachedTokens = Map.copyOf(cachedTokens);
    excluded = Set.copyOf(excluded);
  }

  /// A request that any target understands.
  public PlacementRequest(
      String model,
      Zone farthestZone,
      int promptTokens,
      int leastPromptTokens,
      int expectedAnswerTokens,
      int choices,
      long maxWaitMillis,
      long affinity,
      Map<String, Integer> cachedTokens,
      long draw,
      @Nullable Continuation continuation,
      Set<String> excluded,
      long nowNanos) {
    this(
        model,
        farthestZone,
        promptTokens,
        leastPromptTokens,
        expectedAnswerTokens,
        choices,
        maxWaitMillis,
        affinity,
        cachedTokens,
        draw,
        continuation,
        excluded,
        null,
        null,
        nowNanos);
  }

  /// Tokens of the prompt that the target may still have.
  public int cachedTokens(TargetView target) {
    return cachedTokens.isEmpty() ? 0 : cachedTokens.getOrDefault(target.name(), 0);
  }

  /// What a target must be to go on with an answer.
  ///
  /// @param digest of the model that it began with
  /// @param numerics that it began with; null while no token has been delivered
  public record Continuation(String digest, @Nullable String numerics) {}
}
