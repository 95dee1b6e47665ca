package ringfence.node.engine;

import java.util.List;

/// What the engine is asked for: one prompt, one or more choices of answer.
///
/// @param prompt token ids, at least one
/// @param topLogProbs -1 for no log probabilities, else how many alternatives beside the chosen
///   token, 0 to 20
/// @param choices where each choice starts; indices distinct
/// @param deadlineNanos on `System.nanoTime`'s clock; a choice that is not done then fails
public record GenerationTask(
    int[] prompt,
    SamplingParameters sampling,
    StopConditions stop,
    int topLogProbs,
    List<ChoiceStart> choices,
    long deadlineNanos) {

  public GenerationTask {
    choices = List.copyOf(choices);
  }

  /// A choice and the tokens it already has (none for a fresh one). The next token's offset is
  /// their count.
  public record ChoiceStart(int index, int[] answer) {}
}
