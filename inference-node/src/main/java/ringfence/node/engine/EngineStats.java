package ringfence.node.engine;

import java.util.List;

/// An engine's state and totals at one moment.
///
/// @param runningSequences hold KV pages
/// @param waitingSequences hold none: not stepped yet, or preempted
/// @param waitingPromptTokens prefill that is still to be done, of waiting and running sequences
/// @param freeKvTokens for which the KV cache has room, the prefix cache's idle pages included
/// @param speeds as measured lately, by rising batch size
/// @param totals since the engine's start
public record EngineStats(
    int runningSequences,
    int waitingSequences,
    int waitingPromptTokens,
    int freeKvTokens,
    List<Speed> speeds,
    Totals totals) {

  public EngineStats {
    speeds = List.copyOf(speeds);
  }

  EngineStats withWaiting(int sequences, int promptTokens) {
    return new EngineStats(
        runningSequences,
        waitingSequences + sequences,
        waitingPromptTokens + promptTokens,
        freeKvTokens,
        speeds,
        totals);
  }

  /// Measured speed of steps of one size; a figure that was never measured is 0.
  ///
  /// @param batchSize sequences in the step, rounded up to a power of two
  /// @param decodeTokensPerSecond over all of them
  /// @param prefillTokensPerSecond of prompts, whatever the batch
  public record Speed(int batchSize, double decodeTokensPerSecond, double prefillTokensPerSecond) {}

  /// Counts.
  ///
  /// @param promptTokens computed, recomputed ones after a preemption included
  /// @param cachedTokens found in the prefix cache instead
  /// @param answerTokens sent to listeners
  /// @param preemptions sequences that had to give up their pages
  /// @param tasks taken
  /// @param restarts of a device that was lost
  public record Totals(
      long steps,
      long promptTokens,
      long cachedTokens,
      long answerTokens,
      long preemptions,
      long tasks,
      long restarts) {}
}
