package ringfence.node.serving;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import ringfence.proto.v1.Failure;

/// Which attempts run here and which were seen: a newer attempt ends older ones of its request, an
/// older or repeated one is refused.
///
/// Remembers the last [#REMEMBERED] requests; a message that is late by more than that is no longer
/// told from a new one.
final class Attempts {
  private static final int REMEMBERED = 16_384;

  private final Map<String, Running> running = new HashMap<>();
  private final Map<String, Integer> newest =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
          return size() > REMEMBERED;
        }
      };

  /// Admits an attempt.
  ///
  /// @param end ends it with the given failure; called at most once, by another thread
  void enter(String request, int attempt, Consumer<Failure> end) {
    Running older;
    synchronized (this) {
      Integer last = newest.get(request);
      if (last != null && attempt <= last) {
        throw Failures.of(
            Failure.Reason.STALE_ATTEMPT,
            "attempt " + attempt + " of this request is not newer than " + last);
      }
      newest.put(request, attempt);
      older = running.put(request, new Running(attempt, end));
    }
    if (older != null) {
      older.end.accept(
          failure(Failure.Reason.STALE_ATTEMPT, "attempt " + attempt + " took this one's place"));
    }
  }

  /// The attempt has ended, in whatever way.
  synchronized void leave(String request, int attempt) {
    Running current = running.get(request);
    if (current != null && current.attempt == attempt) {
      running.remove(request);
    }
  }

  /// Ends the request's running attempt when it is not newer than `attempt`, and refuses attempts
  /// up to that one from now on.
  ///
  /// @return how many were running
  int cancel(String request, int attempt) {
    Running current;
    synchronized (this) {
      newest.merge(request, attempt, Math::max);
      current = running.get(request);
      if (current == null || current.attempt > attempt) {
        return 0;
      }
      running.remove(request);
    }
    current.end.accept(failure(Failure.Reason.CANCELLED, "cancelled by the router"));
    return 1;
  }

  /// Ends everything that runs.
  void endAll(Failure failure) {
    Map<String, Running> all;
    synchronized (this) {
      all = Map.copyOf(running);
      running.clear();
    }
    all.values().forEach(r -> r.end.accept(failure));
  }

  /// Attempts that run now.
  synchronized int running() {
    return running.size();
  }

  private static Failure failure(Failure.Reason reason, String message) {
    return Failure.newBuilder().setReason(reason).setMessage(message).build();
  }

  private record Running(int attempt, Consumer<Failure> end) {}
}
