package ringfence.router.events.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/// Tells events that come again from those that come for the first time, as `events.proto` has it:
/// exactly, and with as much memory as events can be under way at one time. A consumer that keeps
/// counts must keep this beside them.
public final class Repetitions {
  private final Map<String, Seen> seen = new HashMap<>();

  private static final class Seen {
    long floor;
    final TreeSet<Long> beyond = new TreeSet<>();
  }

  /// Whether that event was here before.
  ///
  /// @param partition topic and number
  /// @param floor as the record's header tells it
  public boolean isRepetition(String partition, String outbox, long sequence, long floor) {
    Seen known = seen.computeIfAbsent(partition + " " + outbox, _ -> new Seen());
    boolean again = sequence <= known.floor || !known.beyond.add(sequence);
    if (floor > known.floor) {
      known.floor = floor;
      known.beyond.headSet(floor, true).clear();
    }
    return again;
  }
}
