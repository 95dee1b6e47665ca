package ringfence.node.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The engine's sequences that have not ended: those that hold KV pages and those that wait for
/// some.
///
/// - Pages go to waiting sequences in order of arrival; the first that does not fit holds up those
///   behind it, so that none starves.
/// - A running sequence that needs one page more takes it from the youngest, which then waits and
///   is computed again later. The oldest always gets on, so all end.
/// - A sequence whose reader has lagged for longer than the grace gives way before all others.
final class Sequences {
  /// While others run, a newcomer leaves this part of the pages for them to grow into, or a page
  /// each if that is less.
  private static final int HEADROOM_PART = 16;

  private final KvPages kv;
  private final int maxSequences;
  private final long graceNanos;
  private final List<Sequence> running = new ArrayList<>();
  private final TreeSet<Sequence> waiting =
      new TreeSet<>(Comparator.comparingLong(sequence -> sequence.age));
  private long preemptions;

  Sequences(KvPages kv, EngineOptions options) {
    this.kv = kv;
    this.maxSequences = options.maxSequences();
    this.graceNanos = options.lagGrace().toNanos();
  }

  void add(Sequence sequence) {
    waiting.add(sequence);
  }

  /// Holding pages, the oldest first.
  List<Sequence> running() {
    return running;
  }

  /// Holding none, the oldest first.
  Iterable<Sequence> waiting() {
    return waiting;
  }

  int waitingCount() {
    return waiting.size();
  }

  long preemptions() {
    return preemptions;
  }

  /// Gives pages to those that wait, as far as there are some.
  ///
  /// @return the newcomers
  List<Sequence> admit(long nowNanos) {
    List<Sequence> admitted = new ArrayList<>();
    for (Sequence next = nextWaiting(); next != null; next = nextWaiting()) {
      while (!enter(next)) {
        Sequence victim = youngestLagging(nowNanos);
        if (victim == null) {
          return admitted;
        }
        preempt(victim);
      }
      admitted.add(next);
    }
    return admitted;
  }

  private boolean enter(Sequence sequence) {
    if (running.size() >= maxSequences || !sequence.reserve(kv, headroom())) {
      return false;
    }
    run(sequence);
    return true;
  }

  /// The oldest that could go on if it had pages.
  private @Nullable Sequence nextWaiting() {
    for (Sequence sequence : waiting) {
      if (!sequence.task.isLagging() && sequence.task.mayStart(sequence)) {
        return sequence;
      }
    }
    return null;
  }

  /// The next sequence to be forked from a leader that has just computed the prompt: a fresh choice
  /// of the same task whose turn it is. Null when there is none, or no room.
  @Nullable Sequence nextFork(Sequence leader) {
    Sequence next = nextWaiting();
    boolean fits = running.size() < maxSequences && kv.available() > headroom();
    return next != null && next.task == leader.task && next.answerLength() == 0 && fits
        ? next
        : null;
  }

  /// A waiting sequence has got pages.
  void run(Sequence sequence) {
    waiting.remove(sequence);
    int place = running.size();
    while (place > 0 && running.get(place - 1).age > sequence.age) {
      place--;
    }
    running.add(place, sequence);
    sequence.state = Sequence.State.RUNNING;
  }

  /// Sees to it that a running sequence has a page for its next token.
  ///
  /// @return false when it had to give up its own pages
  boolean grow(Sequence sequence, long nowNanos) {
    while (sequence.needsPage(kv)) {
      int page = kv.allocate();
      if (page >= 0) {
        sequence.addPage(page);
        continue;
      }
      Sequence lagging = youngestLagging(nowNanos);
      Sequence victim = lagging == null ? running.getLast() : lagging;
      preempt(victim);
      if (victim == sequence) {
        return false;
      }
    }
    return true;
  }

  /// All pages are lost, or too much runs at once: those that run wait, from the youngest on.
  ///
  /// @param left that may go on running
  void preemptTo(int left) {
    while (running.size() > left) {
      preempt(running.getLast());
    }
  }

  /// Takes a sequence's pages away.
  void preempt(Sequence sequence) {
    running.remove(sequence);
    sequence.releasePages(kv);
    sequence.state = Sequence.State.WAITING;
    waiting.add(sequence);
    preemptions++;
  }

  void end(Sequence sequence) {
    running.remove(sequence);
    waiting.remove(sequence);
    sequence.releasePages(kv);
    sequence.state = Sequence.State.ENDED;
  }

  /// When the next of the running will have lagged for longer than the grace, in nanoseconds from
  /// now; matters while others wait.
  long nextPreemptible(long nowNanos) {
    long next = Long.MAX_VALUE;
    if (nextWaiting() != null) {
      for (Sequence sequence : running) {
        if (sequence.task.isLagging()) {
          next = Math.min(next, Math.max(0, graceNanos - lag(sequence, nowNanos)));
        }
      }
    }
    return next;
  }

  private @Nullable Sequence youngestLagging(long nowNanos) {
    for (Sequence sequence : running.reversed()) {
      if (sequence.task.isLagging() && lag(sequence, nowNanos) >= graceNanos) {
        return sequence;
      }
    }
    return null;
  }

  private static long lag(Sequence sequence, long nowNanos) {
    return nowNanos - sequence.task.laggingSince();
  }

  private int headroom() {
    return Math.min(running.size(), kv.pages() / HEADROOM_PART);
  }
}
