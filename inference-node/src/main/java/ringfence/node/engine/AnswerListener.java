package ringfence.node.engine;

import java.util.List;
import ringfence.node.compute.sampling.LogProb;

/// Hears of one task, in order, on the engine's thread: must return at once.
public interface AnswerListener {

  /// Admitted and about to be computed.
  void started(int promptTokens, int cachedPromptTokens);

  /// One token.
  ///
  /// @param offset absolute index in the choice's answer
  /// @param text whole characters that this token released; may be empty
  /// @param logProbs empty unless asked for: the chosen token's first, then the most probable
  ///   tokens in order, as many as asked for, among which the chosen one may be again
  void token(int choice, int offset, int token, String text, List<LogProb> logProbs);

  /// A choice has ended.
  ///
  /// @param text held back until now and part of the answer
  /// @param length the answer's tokens, those it started with included
  /// @param matchedStop the stop string, or empty
  void finished(int choice, FinishReason reason, String text, int length, String matchedStop);

  /// All choices have ended; the last call.
  void done(AnswerStatistics statistics);

  /// The task can't go on; the last call.
  void failed(EngineException failure);

  /// False while the reader lags: the engine steps this task's sequences no further until
  /// [Answer#readerReady] is called.
  boolean ready();

  /// Why a choice ended.
  enum FinishReason {
    STOP,
    LENGTH,
    CANCELLED
  }

  /// Counts and durations of a task.
  record AnswerStatistics(
      int promptTokens,
      int cachedPromptTokens,
      int answerTokens,
      long queueMicros,
      long prefillMicros,
      long decodeMicros) {}
}
