package ringfence.node.engine;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Limits of an engine.
///
/// @param contextLength tokens that one sequence may have, prompt and answer
/// @param maxSequences sequences that hold KV pages at a time
/// @param maxWaiting tasks that may wait beyond `maxSequences`; the next one is refused
/// @param maxStepTokens tokens of one step; above `maxSequences`, so that prompts go on whatever is
///   decoded
/// @param promptChunk prompt tokens of a step that also decodes; bounds how long a long prompt
///   holds up the others
/// @param lagGrace how long a lagging reader's sequences keep their pages when others need them
/// @param pace of a simulated machine; null: as fast as the backend goes
public record EngineOptions(
    int contextLength,
    int maxSequences,
    int maxWaiting,
    int maxStepTokens,
    int promptChunk,
    Duration lagGrace,
    @Nullable Pace pace) {

  /// As fast as the backend goes.
  public EngineOptions(
      int contextLength,
      int maxSequences,
      int maxWaiting,
      int maxStepTokens,
      int promptChunk,
      Duration lagGrace) {
    this(contextLength, maxSequences, maxWaiting, maxStepTokens, promptChunk, lagGrace, null);
  }

  public EngineOptions {
    atLeast("contextLength", contextLength, 2);
    atLeast("maxSequences", maxSequences, 1);
    atLeast("maxWaiting", maxWaiting, 0);
    atLeast("maxStepTokens", maxStepTokens, maxSequences + 1);
    atLeast("promptChunk", promptChunk, 1);
    if (lagGrace.isNegative()) {
      throw new IllegalArgumentException("lagGrace is negative");
    }
  }

  /// Limits for a backend that takes `maxStepTokens` tokens a pass, with the usual rest.
  public static EngineOptions of(
      int contextLength, int maxSequences, int maxWaiting, int maxStepTokens) {
    return new EngineOptions(
        contextLength,
        maxSequences,
        maxWaiting,
        maxStepTokens,
        Math.max(1, Math.min(256, maxStepTokens - maxSequences)),
        Duration.ofSeconds(1));
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be at least " + least);
    }
  }
}
