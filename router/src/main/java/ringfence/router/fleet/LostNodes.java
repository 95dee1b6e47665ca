package ringfence.router.fleet;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ringfence.router.routing.TargetView;

/// Nodes whose streams have ended lately: what they served, and where. None of them counts as a
/// node of the fleet. With those that are there they are never more than a fleet may have. Changed
/// under the fleet's lock, read without.
final class LostNodes {
  private final int maxNodes;
  private final long whileNanos;
  private final Map<String, Lost> byName = new LinkedHashMap<>();
  private volatile Shown shown = Shown.NONE;

  private record Lost(TargetView view, long sinceNanos) {}

  /// Some of them, the longest gone first.
  ///
  /// @param views the same ones, as placement sees them
  private record Shown(List<Lost> nodes, List<TargetView> views) {
    static final Shown NONE = new Shown(List.of(), List.of());

    static Shown of(List<Lost> nodes) {
      return nodes.isEmpty() ? NONE : new Shown(nodes, nodes.stream().map(Lost::view).toList());
    }
  }

  /// @param maxNodes with those that are there
  /// @param whileNanos for so long each is remembered; 0: none is
  LostNodes(int maxNodes, long whileNanos) {
    this.maxNodes = maxNodes;
    this.whileNanos = whileNanos;
  }

  /// @param present nodes that are there
  void add(TargetView gone, long nowNanos, int present) {
    if (whileNanos > 0) {
      byName.values().removeIf(lost -> isOver(lost, nowNanos));
      byName.remove(gone.name());
      byName.put(gone.name(), new Lost(gone, nowNanos));
      makeRoom(present);
    }
  }

  /// A node of that name is there.
  void cameBack(String name, int present) {
    if (!byName.isEmpty()) {
      byName.remove(name);
      makeRoom(present);
    }
  }

  /// The longest gone are forgotten first.
  private void makeRoom(int present) {
    var oldest = byName.values().iterator();
    for (int over = byName.size() + present - maxNodes; over > 0 && oldest.hasNext(); over--) {
      oldest.next();
      oldest.remove();
    }
    show(List.copyOf(byName.values()));
  }

  /// Those that may still come back: the same list until that changes.
  List<TargetView> at(long nowNanos) {
    Shown now = shown;
    return now.nodes.isEmpty() || !isOver(now.nodes.getFirst(), nowNanos)
        ? now.views
        : withoutThoseThatAreOver(nowNanos);
  }

  private synchronized List<TargetView> withoutThoseThatAreOver(long nowNanos) {
    return show(shown.nodes.stream().filter(lost -> !isOver(lost, nowNanos)).toList());
  }

  private synchronized List<TargetView> show(List<Lost> nodes) {
    Shown now = Shown.of(nodes);
    shown = now;
    return now.views;
  }

  private boolean isOver(Lost lost, long nowNanos) {
    return nowNanos - lost.sinceNanos > whileNanos;
  }
}
