package ringfence.node.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// When each sequence may be stepped next, and what is learned of speeds: the backend's own where
/// there is no [Pace].
final class PacedSteps {
  private final @Nullable Pace pace;
  private final SpeedMeter speeds = new SpeedMeter();
  private long promptsDoneNanos;
  private boolean anyPrompt;

  PacedSteps(@Nullable Pace pace) {
    this.pace = pace;
  }

  /// A sequence has got pages.
  void admitted(Sequence sequence, long nowNanos) {
    if (pace == null) {
      return;
    }
    int tokens = sequence.pending();
    long begin = anyPrompt && promptsDoneNanos - nowNanos > 0 ? promptsDoneNanos : nowNanos;
    promptsDoneNanos = begin + pace.promptNanos(tokens);
    anyPrompt = true;
    sequence.dueNanos = promptsDoneNanos + pace.firstNanos();
    speeds.prompt(tokens, Math.max(1, pace.promptNanos(tokens) + pace.firstNanos()) / 1e9);
  }

  boolean isDue(Sequence sequence, long nowNanos) {
    return pace == null || sequence.dueNanos - nowNanos <= 0;
  }

  /// Nanoseconds until one of these is due; 0 where one has become so since it was looked at.
  long nextDue(List<Sequence> running, long nowNanos) {
    long next = Long.MAX_VALUE;
    if (pace != null) {
      for (Sequence sequence : running) {
        if (!sequence.task.isLagging()) {
          next = Math.min(next, Math.max(0, sequence.dueNanos - nowNanos));
        }
      }
    }
    return next;
  }

  /// A sequence has got a token. One that is late by less than a token catches up.
  ///
  /// @param dueNanos when that one was due
  void token(Sequence sequence, long dueNanos, int running, long nowNanos) {
    if (pace != null) {
      long step = pace.tokenNanos(running);
      sequence.dueNanos = (nowNanos - dueNanos > step ? nowNanos : dueNanos) + step;
    }
  }

  /// True where a newcomer's prompt waits for those of the sequences that run already.
  boolean promptsWait() {
    return pace == null || pace.promptTokensPerSecond() > 0;
  }

  /// The backend has computed a step.
  ///
  /// @param running sequences that hold pages
  void stepped(int decoded, int prompt, int running, double seconds) {
    if (pace == null) {
      speeds.add(decoded, prompt, seconds);
    } else if (decoded > 0) {
      int batch = Math.max(running, decoded);
      speeds.decoded(batch, decoded, decoded * (pace.tokenNanos(batch) / 1e9) / batch);
    }
  }

  List<EngineStats.Speed> speeds() {
    return speeds.speeds();
  }
}
