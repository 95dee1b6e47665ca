package ringfence.router.dispatch;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.router.Alarms;
import ringfence.router.routing.Zone;

/// Requests that nothing allowed has room for now. Tenants take turns, a tenant's requests go by
/// the earliest deadline; both the requests and the bytes of their prompts are bounded. Safe for
/// use by many threads; waiters are called without any lock of this class.
public final class WaitingRoom {
  /// News of room within so short a time are looked at together.
  private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final int maxRequests;
  private final long maxBytes;
  private final Alarms alarms;
  private final Map<String, TreeSet<Entry>> byTenant = new HashMap<>();
  private final Deque<String> turns = new ArrayDeque<>();
  private long arrivals;
  private int requests;
  private long bytes;
  private boolean newsPending;
  private boolean serving;

  /// An empty room.
  ///
  /// @param maxRequests that may wait
  /// @param maxBytes of their prompts
  public WaitingRoom(int maxRequests, long maxBytes, Alarms alarms) {
    this.maxRequests = maxRequests;
    this.maxBytes = maxBytes;
    this.alarms = alarms;
  }

  /// Who waits.
  interface Waiter {
    /// Room may have come: try to start.
    ///
    /// @return false when there is still none and the waiter stays
    boolean tryToStart();
  }

  /// What one waits for.
  ///
  /// @param unhindered no target is out for this request alone, so that another one like it would
  ///   fare no better
  /// @param contends it would go where there is room: others must take their turn behind it
  record Wish(
      String tenant,
      String model,
      Zone farthest,
      int choices,
      int promptBytes,
      long deadlineNanos,
      boolean unhindered,
      boolean contends) {}

  /// A place in the room.
  final class Entry {
    private volatile Wish wish;
    private final Waiter waiter;
    private final long arrival;
    private boolean inside = true;

    private Entry(Wish wish, Waiter waiter, long arrival) {
      this.wish = wish;
      this.waiter = waiter;
      this.arrival = arrival;
    }

    /// Leaves the room, if it has not left yet.
    void leave() {
      synchronized (WaitingRoom.this) {
        remove(this);
      }
    }

    /// Waits for something else from now on, in the same place.
    ///
    /// @param other of the same tenant, as large, and with the same deadline
    void wishes(Wish other) {
      synchronized (WaitingRoom.this) {
        if (!other.tenant().equals(wish.tenant())
            || other.promptBytes() != wish.promptBytes()
            || other.deadlineNanos() != wish.deadlineNanos()) {
          throw new IllegalArgumentException("another wish would have another place");
        }
        wish = other;
      }
    }

    private long deadlineNanos() {
      return wish.deadlineNanos();
    }

    private long arrival() {
      return arrival;
    }
  }

  // Deadlines are points on a clock whose origin is arbitrary: only their differences count.
  private static final Comparator<Entry> EARLIEST_DEADLINE =
      ((Comparator<Entry>) (one, other) -> Long.signum(one.deadlineNanos() - other.deadlineNanos()))
          .thenComparingLong(Entry::arrival);

  /// Takes a place; null: the room is full.
  synchronized @Nullable Entry enter(Wish wish, Waiter waiter) {
    if (requests >= maxRequests || bytes + wish.promptBytes() > maxBytes) {
      return null;
    }
    Entry entry = new Entry(wish, waiter, arrivals++);
    TreeSet<Entry> queue = byTenant.get(wish.tenant());
    if (queue == null) {
      queue = new TreeSet<>(EARLIEST_DEADLINE);
      byTenant.put(wish.tenant(), queue);
      turns.addLast(wish.tenant());
    }
    queue.add(entry);
    requests++;
    bytes += wish.promptBytes();
    return entry;
  }

  private void remove(Entry entry) {
    if (!entry.inside) {
      return;
    }
    entry.inside = false;
    String tenant = entry.wish.tenant();
    TreeSet<Entry> queue = byTenant.get(tenant);
    if (queue != null) {
      queue.remove(entry);
      if (queue.isEmpty()) {
        byTenant.remove(tenant);
        turns.remove(tenant);
      }
    }
    requests--;
    bytes -= entry.wish.promptBytes();
  }

  /// Requests that wait.
  public synchronized int waiting() {
    return requests;
  }

  /// Whether somebody waits for that model who may go as far as that zone, so that a newcomer who
  /// would be placed there must take his turn.
  synchronized boolean isAwaited(String model, Zone there) {
    return requests > 0
        && byTenant.values().stream()
            .anyMatch(queue -> queue.stream().anyMatch(entry -> wants(entry.wish, model, there)));
  }

  private static boolean wants(Wish wish, String model, Zone there) {
    return wish.contends() && wish.model().equals(model) && !there.isFartherThan(wish.farthest());
  }

  /// Something has changed that may have made room.
  public void roomMayHaveCome() {
    synchronized (this) {
      if (requests == 0 || newsPending) {
        return;
      }
      newsPending = true;
    }
    alarms.after(GATHER_NANOS, this::serve);
  }

  private void serve() {
    synchronized (this) {
      newsPending = false;
      if (serving) {
        // Whoever serves now may have passed the place where room has come: once more after it.
        newsPending = true;
        alarms.after(GATHER_NANOS, this::serve);
        return;
      }
      serving = true;
    }
    try {
      Round round = new Round();
      for (Entry next = round.next(); next != null; next = round.next()) {
        if (next.waiter.tryToStart()) {
          next.leave();
          round.started(next);
        } else {
          round.refused(next);
        }
      }
    } finally {
      synchronized (this) {
        serving = false;
      }
    }
  }

  /// One look at everybody who waits: each is tried at most once.
  private final class Round {
    private final Set<Entry> tried = new HashSet<>();
    private final List<Wish> refusedWishes = new ArrayList<>();

    /// The next whose turn it is and whose wish was not refused to another one.
    @Nullable Entry next() {
      synchronized (WaitingRoom.this) {
        for (String tenant : turns) {
          TreeSet<Entry> queue = byTenant.get(tenant);
          if (queue == null) {
            continue;
          }
          for (Entry entry : queue) {
            if (!tried.contains(entry) && !isHopeless(entry.wish)) {
              tried.add(entry);
              return entry;
            }
          }
        }
        return null;
      }
    }

    private boolean isHopeless(Wish wish) {
      for (Wish refused : refusedWishes) {
        if (refused.model().equals(wish.model())
            && refused.choices() <= wish.choices()
            && !wish.farthest().isFartherThan(refused.farthest())) {
          return true;
        }
      }
      return false;
    }

    void started(Entry entry) {
      synchronized (WaitingRoom.this) {
        String tenant = entry.wish.tenant();
        if (turns.remove(tenant)) {
          turns.addLast(tenant);
        }
      }
    }

    void refused(Entry entry) {
      if (entry.wish.unhindered()) {
        refusedWishes.add(entry.wish);
      }
    }
  }
}
