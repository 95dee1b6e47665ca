package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Virtual time: what is to happen, in order, on one thread. After every event the invariants that
/// watch the whole world are checked.
final class World {
  static final long MILLIS = 1_000_000L;
  static final long SECONDS = 1_000 * MILLIS;

  /// What is true whenever nothing happens.
  interface Invariant {
    void check();
  }

  /// Something that will happen unless it is called off.
  static final class Event implements Comparable<Event> {
    private final long at;
    private final long order;
    private final Runnable task;
    private boolean off;

    private Event(long at, long order, Runnable task) {
      this.at = at;
      this.order = order;
      this.task = task;
    }

    void callOff() {
      off = true;
    }

    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  private final Thread itsThread = Thread.currentThread();
  final Random random;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private final List<Invariant> invariants = new ArrayList<>();
  private long now;
  private long order;
  long happened;
  private @Nullable Violation violation;
  private volatile @Nullable IllegalStateException intruded;

  World(long seed) {
    random = new Random(seed * 0x9E3779B97F4A7C15L + 0x1234567);
  }

  long now() {
    return now;
  }

  Event after(long nanos, Runnable task) {
    if (Thread.currentThread() != itsThread) {
      // Whoever it is has no event here that could fail: the world's next one does.
      IllegalStateException stranger =
          new IllegalStateException("a thread other than the world's has acted in it");
      intruded = stranger;
      throw stranger;
    }
    Event event = new Event(now + Math.max(0, nanos), order++, task);
    events.add(event);
    return event;
  }

  void always(Invariant invariant) {
    invariants.add(invariant);
  }

  /// Lets the next event happen; false: there is none.
  boolean step() {
    Event next = events.poll();
    if (next == null) {
      return false;
    }
    if (next.off) {
      return true;
    }
    now = next.at;
    next.task.run();
    happened++;
    if (intruded != null) {
      throw intruded;
    }
    for (Invariant invariant : invariants) {
      invariant.check();
    }
    if (violation != null) {
      throw violation;
    }
    return true;
  }

  /// A rule is broken. The code under test can't hide it by catching an exception: it is thrown
  /// when the event is over.
  void violated(Violation.Rule rule, String what) {
    if (violation == null) {
      violation = new Violation(rule, what);
    }
  }

  long between(long least, long most) {
    return least + (long) (random.nextDouble() * (most - least + 1));
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }
}
