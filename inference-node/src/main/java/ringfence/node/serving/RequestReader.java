package ringfence.node.serving;

import java.util.List;
import ringfence.node.engine.GenerationTask;
import ringfence.node.engine.GenerationTask.ChoiceStart;
import ringfence.node.engine.SamplingParameters;
import ringfence.node.engine.StopConditions;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;

/// A request message to the engine's task: the defaults of `content.proto` are applied here and
/// nowhere else. The engine itself checks the ranges.
final class RequestReader {

  private RequestReader() {}

  /// The task for a prompt that is already tokenized.
  ///
  /// @param deadlineNanos on `System.nanoTime`'s clock
  static GenerationTask task(GenerationRequest request, int[] prompt, long deadlineNanos) {
    return new GenerationTask(
        prompt,
        sampling(request.getSampling()),
        stop(request.getStop()),
        topLogProbs(request.getOutput()),
        choices(request),
        deadlineNanos);
  }

  private static List<ChoiceStart> choices(GenerationRequest request) {
    return request.getChoicesList().stream()
        .map(c -> new ChoiceStart(c.getIndex(), tokens(c.getAnswerTokenIdsList())))
        .toList();
  }

  private static SamplingParameters sampling(SamplingOptions options) {
    return new SamplingParameters(
        options.hasTemperature() ? options.getTemperature() : 1,
        options.getTopK(),
        options.hasTopP() ? options.getTopP() : 1,
        options.getMinP(),
        options.hasRepetitionPenalty() ? options.getRepetitionPenalty() : 1,
        options.getFrequencyPenalty(),
        options.getPresencePenalty(),
        options.getLogitBiasMap(),
        options.getSeed());
  }

  private static StopConditions stop(StopOptions options) {
    return new StopConditions(
        options.getStopList(),
        options.hasMaxTokens() ? options.getMaxTokens() : Integer.MAX_VALUE,
        options.getIgnoreEndOfSequence());
  }

  private static int topLogProbs(OutputOptions options) {
    return options.hasTopLogprobs() ? options.getTopLogprobs() : -1;
  }

  /// Token ids as the engine has them; those past 2^31 come out negative, which it refuses.
  static int[] tokens(List<Integer> ids) {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  static RuntimeException invalid(String parameter, String why) {
    return Failures.of(Failure.Reason.INVALID_REQUEST, parameter + ": " + why, parameter);
  }
}
