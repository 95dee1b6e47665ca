package ringfence.router.routing;

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
/// @param prefixKey hash of the prompt's beginning: requests with an equal one are better off
///   together
/// @param continuation set when an answer has begun
/// @param excluded names of targets that earlier attempts failed on
/// @param nowNanos the present, on the clock of [TargetView#heardNanos]
public record PlacementRequest(
    String model,
    Zone farthestZone,
    int promptTokens,
    int leastPromptTokens,
    int expectedAnswerTokens,
    int choices,
    long prefixKey,
    @Nullable Continuation continuation,
    Set<String> excluded,
    long nowNanos) {

  public PlacementRequest {
    excluded = Set.copyOf(excluded);
  }

  /// What a target must be to go on with an answer.
  ///
  /// @param digest of the model that it began with
  /// @param numerics that it began with; null while no token has been delivered
  public record Continuation(String digest, @Nullable String numerics) {}
}
