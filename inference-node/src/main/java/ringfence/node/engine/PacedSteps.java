package ringfence.node.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// When each sequence may be stepped next, and what is learned of speeds: the backend's own where
/// there is no [Pace].
final class PacedSteps {
  private static final Comparator<Sequence> OLDEST =
      Comparator.comparingLong(sequence -> sequence.age);

  private final @Nullable Pace pace;
  private final SpeedMeter speeds = new SpeedMeter();

  // At a pace few of a thousand sequences are due in any turn: nobody looks at the others. An entry
  // whose sequence has ended, waits again or is due at another time by now means nothing.
  private final PriorityQueue<Rest> resting = new PriorityQueue<>(Rest.SOONEST);
  private final List<Sequence> due = new ArrayList<>();
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
    due.remove(sequence);
    rest(sequence, promptsDoneNanos + pace.firstNanos());
    speeds.prompt(tokens, Math.max(1, pace.promptNanos(tokens) + pace.firstNanos()) / 1e9);
  }

  private void rest(Sequence sequence, long untilNanos) {
    sequence.dueNanos = untilNanos;
    resting.add(new Rest(sequence, untilNanos));
  }

  /// Those of the running that may be stepped now, the oldest first.
  List<Sequence> due(List<Sequence> running, long nowNanos) {
    if (pace == null) {
      return List.copyOf(running);
    }
    due.removeIf(sequence -> sequence.state != Sequence.State.RUNNING);
    boolean more = false;
    for (Rest next = resting.peek(); next != null && next.endsBy(nowNanos); next = resting.peek()) {
      resting.remove();
      if (next.isValid()) {
        due.add(next.sequence);
        more = true;
      }
    }
    if (more) {
      due.sort(OLDEST);
    }
    return List.copyOf(due);
  }

  /// Nanoseconds until one of these is due; 0 where one has become so since it was looked at.
  long nextDue(long nowNanos) {
    if (due.stream().anyMatch(PacedSteps::waitsForTheEngine)) {
      return 0;
    }
    Rest next = resting.peek();
    return next == null ? Long.MAX_VALUE : Math.max(0, next.untilNanos - nowNanos);
  }

  private static boolean waitsForTheEngine(Sequence sequence) {
    return sequence.state == Sequence.State.RUNNING && !sequence.task.isLagging();
  }

  /// A sequence has got a token. One that is late by less than a token catches up.
  ///
  /// @param dueNanos when that one was due
  void token(Sequence sequence, long dueNanos, int running, long nowNanos) {
    if (pace != null) {
      long step = pace.tokenNanos(running);
      due.remove(sequence);
      rest(sequence, (nowNanos - dueNanos > step ? nowNanos : dueNanos) + step);
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

  /// @param untilNanos of a clock that may run over
  private record Rest(Sequence sequence, long untilNanos) {
    static final Comparator<Rest> SOONEST = (a, b) -> Long.signum(a.untilNanos - b.untilNanos);

    boolean endsBy(long nowNanos) {
      return untilNanos - nowNanos <= 0;
    }

    boolean isValid() {
      return sequence.state == Sequence.State.RUNNING && sequence.dueNanos == untilNanos;
    }
  }
}
