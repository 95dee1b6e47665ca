package ringfence.node.engine;

import java.util.HashSet;
import java.util.Set;
import ringfence.node.compute.sampling.Draw;
import ringfence.node.engine.EngineException.Reason;
import ringfence.node.engine.GenerationTask.ChoiceStart;

/// Which tasks an engine can take.
///
/// @param contextLength tokens that one sequence may have
/// @param kvTokens positions of the whole KV cache
/// @param vocabulary token ids
record TaskLimits(int contextLength, int kvTokens, int vocabulary) {
  private static final int MAX_CHOICES = 128;
  private static final int MAX_STOP_STRINGS = 16;
  private static final int MAX_STOP_CHARACTERS = 1024;
  private static final int MAX_BIASES = 1024;

  /// Tokens with which a sequence ends in any case: the last one needs no position in the cache.
  int maxTokens() {
    return (int) Math.min(contextLength, kvTokens + 1L);
  }

  /// Throws what is wrong with a task.
  void check(GenerationTask task) {
    checkTokens(task.prompt(), "prompt");
    checkChoices(task);
    checkSampling(task.sampling());
    checkStop(task.stop());
    require(
        task.topLogProbs() >= -1 && task.topLogProbs() <= Draw.MAX_TOP_LOG_PROBS,
        "top_logprobs is not between 0 and " + Draw.MAX_TOP_LOG_PROBS);
    require(task.prompt().length >= 1, "the prompt has no token");
    int prompt = task.prompt().length;
    if (prompt >= contextLength) {
      throw new EngineException(
          Reason.CONTEXT_LENGTH_EXCEEDED,
          "the prompt has "
              + prompt
              + " tokens and leaves no room for an answer in a context of "
              + contextLength);
    }
    for (ChoiceStart choice : task.choices()) {
      int tokens = prompt + choice.answer().length;
      if (tokens > contextLength) {
        throw new EngineException(
            Reason.CONTEXT_LENGTH_EXCEEDED,
            "prompt and answer so far have "
                + tokens
                + " tokens; the context has "
                + contextLength);
      }
      if (tokens > kvTokens && tokens < contextLength) {
        throw new EngineException(
            Reason.PROMPT_EXCEEDS_KV_BUDGET,
            "prompt and answer so far have "
                + tokens
                + " tokens; this node's KV cache holds "
                + kvTokens);
      }
    }
  }

  private void checkChoices(GenerationTask task) {
    int count = task.choices().size();
    require(count >= 1 && count <= MAX_CHOICES, "choices are not between 1 and " + MAX_CHOICES);
    Set<Integer> indices = new HashSet<>();
    for (ChoiceStart choice : task.choices()) {
      require(
          choice.index() >= 0 && choice.index() < MAX_CHOICES && indices.add(choice.index()),
          "choice indices are not distinct numbers below " + MAX_CHOICES);
      checkTokens(choice.answer(), "answer");
    }
  }

  private void checkSampling(SamplingParameters sampling) {
    within("temperature", sampling.temperature(), 0, 2);
    require(sampling.topK() >= 0, "top_k is negative");
    within("top_p", sampling.topP(), Float.MIN_VALUE, 1);
    within("min_p", sampling.minP(), 0, 1);
    within("repetition_penalty", sampling.repetitionPenalty(), 0.01f, 100);
    within("frequency_penalty", sampling.frequencyPenalty(), -2, 2);
    within("presence_penalty", sampling.presencePenalty(), -2, 2);
    require(
        sampling.logitBias().size() <= MAX_BIASES,
        "logit_bias has more than " + MAX_BIASES + " entries");
    sampling
        .logitBias()
        .forEach((token, bias) -> {
          require(
              token >= 0 && token < vocabulary,
              "logit_bias names a token that the vocabulary lacks");
          within("logit_bias", bias, -100, 100);
        });
  }

  private static void checkStop(StopConditions stop) {
    require(stop.maxTokens() >= 1, "max_tokens is not at least 1");
    require(
        stop.strings().size() <= MAX_STOP_STRINGS,
        "more than " + MAX_STOP_STRINGS + " stop strings");
    for (String string : stop.strings()) {
      require(
          !string.isEmpty() && string.length() <= MAX_STOP_CHARACTERS,
          "a stop string is empty or longer than " + MAX_STOP_CHARACTERS);
    }
  }

  private void checkTokens(int[] tokens, String of) {
    for (int token : tokens) {
      require(
          token >= 0 && token < vocabulary, "the " + of + " has a token that the vocabulary lacks");
    }
  }

  private static void within(String parameter, float value, float low, float high) {
    require(
        value >= low && value <= high,
        parameter + " is " + value + "; it must be between " + low + " and " + high);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new EngineException(Reason.INVALID_REQUEST, otherwise);
    }
  }
}
