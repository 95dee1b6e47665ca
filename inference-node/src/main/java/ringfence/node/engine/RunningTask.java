package ringfence.node.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import ringfence.node.compute.sampling.LogProb;
import ringfence.node.engine.AnswerListener.AnswerStatistics;
import ringfence.node.engine.AnswerListener.FinishReason;

/// A task from its submission to its last event. All but [#cancel] and [#readerReady] belongs to
/// the engine's thread.
///
/// A listener that throws hears one more call, the failure; its exception goes no further.
final class RunningTask implements Answer {
  final GenerationTask task;
  final StopStrings stops;

  /// Those that have not ended.
  final List<Sequence> open = new ArrayList<>();

  private final AnswerListener listener;
  private final Runnable wake;
  private final Consumer<RunningTask> left;
  private final long submittedNanos;
  private volatile boolean cancelled;

  // The choice that computes the prompt for all, until it has.
  private @Nullable Sequence leader;
  private boolean started;
  private boolean broken;
  private boolean ended;
  private boolean lagging;
  private long laggingSince;
  private int cachedPromptTokens;
  private int answerTokens;
  private long firstStepNanos;
  private long firstTokenNanos;
  private long lastTokenNanos;

  /// @param wake tells the engine's thread that there is news
  /// @param left called once when the task has ended, before its last event
  RunningTask(
      GenerationTask task,
      AnswerListener listener,
      Runnable wake,
      Consumer<RunningTask> left,
      long nowNanos) {
    this.task = task;
    this.stops = new StopStrings(task.stop().strings());
    this.listener = listener;
    this.wake = wake;
    this.left = left;
    this.submittedNanos = nowNanos;
    this.firstStepNanos = nowNanos;
    this.firstTokenNanos = nowNanos;
    this.lastTokenNanos = nowNanos;
  }

  @Override
  public void cancel() {
    cancelled = true;
    wake.run();
  }

  @Override
  public void readerReady() {
    wake.run();
  }

  boolean isCancelled() {
    return cancelled;
  }

  /// The listener threw.
  boolean isBroken() {
    return broken;
  }

  boolean hasEnded() {
    return ended;
  }

  /// True when tokens may go to the listener still.
  boolean isWanted() {
    return !cancelled && !broken && !ended;
  }

  boolean isExpired(long nowNanos) {
    return task.deadlineNanos() - nowNanos <= 0;
  }

  /// Lets one choice, preferably a fresh one, compute the prompt for all.
  void chooseLeader() {
    for (Sequence sequence : open) {
      if (leader == null || (leader.answerLength() > 0 && sequence.answerLength() == 0)) {
        leader = sequence;
      }
    }
  }

  /// False while another choice computes the prompt.
  boolean mayStart(Sequence sequence) {
    return leader == null || leader == sequence;
  }

  /// True for the choice that computes the prompt for all, until it has.
  boolean isLeader(Sequence sequence) {
    return leader == sequence;
  }

  /// True once, for the choice that has just computed the prompt for all.
  boolean completesPrompt(Sequence sequence) {
    if (leader != sequence || !sequence.isPromptComputed()) {
      return false;
    }
    leader = null;
    return true;
  }

  /// Asks the listener whether its reader lags.
  void refreshReadiness(long nowNanos) {
    tell(() -> {
      boolean lagged = lagging;
      lagging = !listener.ready();
      if (lagging && !lagged) {
        laggingSince = nowNanos;
      }
    });
  }

  boolean isLagging() {
    return lagging;
  }

  long laggingSince() {
    return laggingSince;
  }

  /// Its first pages are there.
  ///
  /// @param cachedTokens found in the prefix cache
  void start(int cachedTokens, long nowNanos) {
    if (!started) {
      started = true;
      firstStepNanos = nowNanos;
      firstTokenNanos = nowNanos;
      lastTokenNanos = nowNanos;
      cachedPromptTokens = cachedTokens;
      tell(() -> listener.started(task.prompt().length, cachedTokens));
    }
  }

  void token(Sequence sequence, int token, String text, List<LogProb> logProbs, long nowNanos) {
    if (firstTokenNanos == firstStepNanos) {
      firstTokenNanos = nowNanos;
    }
    lastTokenNanos = nowNanos;
    int offset = sequence.answerLength() - 1;
    tell(() -> listener.token(sequence.choice, offset, token, text, logProbs));
  }

  void finished(Sequence sequence, FinishReason reason, String text) {
    open.remove(sequence);
    answerTokens += sequence.answerLength();
    tell(() ->
        listener.finished(
            sequence.choice, reason, text, sequence.answerLength(), sequence.text.matchedStop()));
  }

  void done() {
    end();
    tell(() ->
        listener.done(
            new AnswerStatistics(
                task.prompt().length,
                cachedPromptTokens,
                answerTokens,
                micros(submittedNanos, firstStepNanos),
                micros(firstStepNanos, firstTokenNanos),
                micros(firstTokenNanos, lastTokenNanos))));
  }

  void failed(EngineException failure) {
    end();
    broken = false;
    tell(() -> listener.failed(failure));
  }

  private void end() {
    ended = true;
    open.clear();
    left.accept(this);
  }

  private static long micros(long fromNanos, long toNanos) {
    return TimeUnit.NANOSECONDS.toMicros(toNanos - fromNanos);
  }

  private void tell(Runnable call) {
    if (!broken) {
      try {
        call.run();
      } catch (Throwable e) {
        // Whatever it is: it is the listener's, and no other task's.
        broken = true;
        wake.run();
      }
    }
  }
}
