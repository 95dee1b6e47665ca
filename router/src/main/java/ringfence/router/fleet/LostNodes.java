package ringfence.router.fleet;

import java.util.ArrayList;
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
  private volatile List<Lost> inOrder = List.of();

  private record Lost(TargetView view, long sinceNanos) {}

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
    inOrder = List.copyOf(byName.values());
  }

  /// Those that may still come back.
  List<TargetView> at(long nowNanos) {
    List<Lost> all = inOrder;
    if (all.isEmpty() || isOver(all.getLast(), nowNanos)) {
      return List.of();
    }
    List<TargetView> views = new ArrayList<>(all.size());
    for (Lost lost : all) {
      if (!isOver(lost, nowNanos)) {
        views.add(lost.view);
      }
    }
    return views;
  }

  private boolean isOver(Lost lost, long nowNanos) {
    return nowNanos - lost.sinceNanos > whileNanos;
  }
}
