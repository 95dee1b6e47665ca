package ringfence.router.simulation;

import java.util.Map;
import java.util.TreeMap;

/// How often what happened: a simulation that meets nothing proves nothing.
final class Statistics {
  private final Map<String, Long> counts = new TreeMap<>();

  void count(String what) {
    count(what, 1);
  }

  void count(String what, long more) {
    counts.merge(what, more, Long::sum);
  }

  long of(String what) {
    return counts.getOrDefault(what, 0L);
  }

  synchronized void add(Statistics other) {
    other.counts.forEach(this::count);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    counts.forEach(
        (what, count) -> text.append("  ").append(what).append(": ").append(count).append('\n'));
    return text.toString();
  }
}
