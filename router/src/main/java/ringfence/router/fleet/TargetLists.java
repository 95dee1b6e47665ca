package ringfence.router.fleet;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.RandomAccess;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ringfence.router.routing.TargetView;

/// One list of a fleet's nodes, those that have gone, and the upstreams, as placement is given it.
/// Nodes are gone through only when they have changed or the upstreams have other names: a
/// placement in between costs no more than the upstreams, which are looked at each time. Safe for
/// use by many threads.
final class TargetLists {
  private final Supplier<List<TargetView>> upstreams;
  private volatile @Nullable Nodes last;

  /// @param upstreams as they are now
  TargetLists(Supplier<List<TargetView>> upstreams) {
    this.upstreams = upstreams;
  }

  /// Nodes beside upstreams of those names.
  ///
  /// @param all those of both lists whose names no upstream has
  private record Nodes(
      List<TargetView> present,
      List<TargetView> gone,
      Set<String> upstreams,
      List<TargetView> all) {
    // The very lists: comparing all that is in them would cost as much as going through them.
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(List<TargetView> thePresent, List<TargetView> theGone, Set<String> theUpstreams) {
      return present == thePresent && gone == theGone && upstreams.equals(theUpstreams);
    }
  }

  /// All together, in that order. A node that has the name of an upstream is left out: names say
  /// who is priced how, and whom a receipt names.
  ///
  /// @param present immutable
  /// @param gone immutable
  List<TargetView> of(List<TargetView> present, List<TargetView> gone) {
    List<TargetView> beyond = List.copyOf(upstreams.get());
    if (beyond.isEmpty() && gone.isEmpty()) {
      return present;
    }
    Set<String> taken = HashSet.newHashSet(beyond.size());
    beyond.forEach(upstream -> taken.add(upstream.name()));
    Nodes nodes = last;
    if (nodes == null || !nodes.isOf(present, gone, taken)) {
      nodes = new Nodes(present, gone, taken, besides(taken, present, gone));
      last = nodes;
    }
    return beyond.isEmpty() ? nodes.all : new Joined(nodes.all, beyond);
  }

  private static List<TargetView> besides(
      Set<String> taken, List<TargetView> present, List<TargetView> gone) {
    List<TargetView> all = new ArrayList<>(present.size() + gone.size());
    for (List<TargetView> nodes : List.of(present, gone)) {
      for (TargetView node : nodes) {
        if (!taken.contains(node.name())) {
          all.add(node);
        }
      }
    }
    return List.copyOf(all);
  }

  /// Two lists that do not change, one after the other.
  private static final class Joined extends AbstractList<TargetView> implements RandomAccess {
    private final List<TargetView> first;
    private final List<TargetView> second;

    Joined(List<TargetView> first, List<TargetView> second) {
      this.first = first;
      this.second = second;
    }

    @Override
    public TargetView get(int index) {
      return index < first.size() ? first.get(index) : second.get(index - first.size());
    }

    @Override
    public int size() {
      return first.size() + second.size();
    }
  }
}
