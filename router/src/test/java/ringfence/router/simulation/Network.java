package ringfence.router.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Who can hear whom. A cut link delivers nothing and says nothing: what was sent is delivered when
/// it heals, unless an end has given the connection up before, for want of an answer to its probes.
final class Network {
  private final World world;
  private final Map<String, Integer> cuts = new HashMap<>();
  private final Map<String, Long> cutSince = new HashMap<>();
  final Set<Pipe> pipes = new java.util.LinkedHashSet<>();
  long slowestNanos = 5 * World.MILLIS;

  Network(World world) {
    this.world = world;
  }

  long latency() {
    return world.between(World.MILLIS / 10, slowestNanos);
  }

  boolean isCut(String from, String to) {
    return cuts.getOrDefault(from + ">" + to, 0) > 0;
  }

  /// Whether anything between the two is cut.
  boolean isHurt(String one, String other) {
    return isCut(one, other) || isCut(other, one);
  }

  long cutSince(String one, String other) {
    return Math.max(
        cutSince.getOrDefault(one + ">" + other, Long.MIN_VALUE),
        cutSince.getOrDefault(other + ">" + one, Long.MIN_VALUE));
  }

  /// Cuts one direction for a while.
  void cut(String from, String to, long nanos) {
    String link = from + ">" + to;
    if (cuts.merge(link, 1, Integer::sum) == 1) {
      cutSince.put(link, world.now());
    }
    for (Pipe pipe : new ArrayList<>(pipes)) {
      if (pipe.joins(from, to)) {
        pipe.probe();
      }
    }
    world.after(
        nanos,
        () -> {
          if (cuts.merge(link, -1, Integer::sum) == 0) {
            for (Pipe pipe : List.copyOf(pipes)) {
              if (pipe.joins(from, to)) {
                pipe.flush();
              }
            }
          }
        });
  }
}
