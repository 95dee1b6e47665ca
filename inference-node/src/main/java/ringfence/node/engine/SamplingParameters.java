package ringfence.node.engine;

import java.util.Map;
import ringfence.node.compute.sampling.Adjustments;

/// How the next token is chosen from the logits; units and limits as in `content.proto`.
///
/// @param temperature 0 is greedy
/// @param topK 0 is off
/// @param topP 1 is off
/// @param minP 0 is off
/// @param repetitionPenalty 1 is off
/// @param logitBias token id to what is added to its logit
/// @param seed with the token's offset and the choice's index it fixes every random number
public record SamplingParameters(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repetitionPenalty,
    float frequencyPenalty,
    float presencePenalty,
    Map<Integer, Float> logitBias,
    long seed) {

  public SamplingParameters {
    logitBias = Map.copyOf(logitBias);
  }

  /// The most probable token each time.
  public static SamplingParameters greedy() {
    return new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0);
  }

  /// A fresh sequence's bias and penalties.
  Adjustments adjustments() {
    return new Adjustments(logitBias, repetitionPenalty, frequencyPenalty, presencePenalty);
  }
}
