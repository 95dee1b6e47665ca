package ringfence.router.fleet;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.NodeLoad;
import ringfence.proto.v1.NodeRegistration;
import ringfence.proto.v1.NodeState;
import ringfence.proto.v1.RouterCommand;
import ringfence.proto.v1.ServedModel;
import ringfence.router.Failures;
import ringfence.router.routing.ModelView;
import ringfence.router.routing.TargetView;

/// The nodes that have an open Report stream: what they registered and reported, and when they were
/// last heard. Those that have gone are remembered for a while ([LostNodes]), so that it is known
/// what may come back. Safe for use by many threads.
public final class Fleet {
  private final FleetLimits limits;
  private final LongSupplier nanoClock;
  private final InstantSource wallClock;
  private final FleetObserver observer;
  private final Map<String, FleetNode> nodes = new LinkedHashMap<>();
  private final IdentityHashMap<NodeStream, FleetNode> byStream = new IdentityHashMap<>();
  private final LostNodes lost;
  private final FirstReports firstReports;
  private final Map<String, Long> modelsSince = new LinkedHashMap<>();
  private final Supplier<List<TargetView>> upstreams;
  private final TargetLists lists;
  private final TargetLists listsWithLost;
  private volatile @Nullable List<TargetView> snapshot;

  /// An empty fleet that expects nobody.
  ///
  /// @param nanoClock monotonic
  public Fleet(
      int maxNodes,
      long silenceLimitNanos,
      LongSupplier nanoClock,
      InstantSource wallClock,
      FleetObserver observer) {
    this(
        new FleetLimits(maxNodes, silenceLimitNanos, 0, 0),
        nanoClock,
        wallClock,
        observer,
        List::of);
  }

  /// An empty fleet with targets beside its nodes.
  ///
  /// @param nanoClock monotonic
  /// @param upstreams as they are now
  public Fleet(
      FleetLimits limits,
      LongSupplier nanoClock,
      InstantSource wallClock,
      FleetObserver observer,
      Supplier<List<TargetView>> upstreams) {
    this.limits = limits;
    this.lost = new LostNodes(limits.maxNodes(), limits.awaitLostNanos());
    this.firstReports = new FirstReports(limits.awaitFirstNanos());
    this.upstreams = upstreams;
    this.lists = new TargetLists(upstreams);
    this.listsWithLost = new TargetLists(upstreams);
    this.nanoClock = nanoClock;
    this.wallClock = wallClock;
    this.observer = observer;
  }

  /// The router listens: from now on nodes can report.
  public void listens() {
    firstReports.begin(nanoClock.getAsLong());
  }

  /// For how long from now on nodes that are there may not have reported yet.
  public long firstReportsNanos(long nowNanos) {
    return firstReports.leftNanos(nowNanos);
  }

  /// A node's registration on its stream. The newest stream of a name wins; an older one is closed.
  public void register(NodeStream stream, NodeRegistration registration)
      throws RefusedReportException {
    Reports.check(registration);
    FleetNode replaced = null;
    TargetView joined;
    synchronized (this) {
      FleetNode onStream = byStream.get(stream);
      if (onStream != null) {
        if (!onStream.view.name().equals(registration.getNode())) {
          throw new RefusedReportException("registration.node", "a stream registers one name only");
        }
        onStream.registerAgain(registration, nanoClock.getAsLong());
        joined = onStream.view;
      } else {
        if (!nodes.containsKey(registration.getNode()) && nodes.size() >= limits.maxNodes()) {
          throw new RefusedReportException(
              "registration.node", "the fleet is full with " + limits.maxNodes() + " nodes");
        }
        FleetNode node = new FleetNode(stream, registration, nanoClock.getAsLong());
        replaced = nodes.put(registration.getNode(), node);
        byStream.put(stream, node);
        lost.cameBack(registration.getNode(), nodes.size());
        if (replaced != null) {
          byStream.remove(replaced.stream);
        }
        joined = node.view;
      }
      remember(registration);
      snapshot = null;
    }
    if (replaced != null) {
      observer.left(replaced.view, "replaced by a newer stream of its name");
      replaced.stream.close(
          Failures.of(
              Reason.STALE_ATTEMPT,
              "a newer stream registered the node's name; names must be unique in the fleet"));
    }
    observer.joined(joined);
  }

  private void remember(NodeRegistration registration) {
    long now = wallClock.instant().getEpochSecond();
    for (ServedModel model : registration.getModelsList()) {
      modelsSince.putIfAbsent(model.getName(), now);
    }
    modelsSince
        .keySet()
        .removeIf(
            model -> nodes.values().stream().noneMatch(node -> node.view.model(model) != null));
  }

  /// A node's load.
  public void report(NodeStream stream, NodeLoad load) throws RefusedReportException {
    Reports.check(load);
    TargetView view;
    boolean drains;
    synchronized (this) {
      FleetNode node = byStream.get(stream);
      if (node == null) {
        throw new RefusedReportException("load", "a registration must come first");
      }
      boolean before = node.view.draining();
      node.report(load, nanoClock.getAsLong());
      drains = !before && node.view.draining();
      view = node.view;
      snapshot = null;
    }
    if (drains) {
      observer.draining(view);
    }
    observer.reported();
  }

  /// Empties a node, or lets it take attempts again: the node is told, and gets none from here
  /// whether it hears it or not.
  ///
  /// @return false when there is no such node
  public boolean drain(String name, boolean drain) {
    FleetNode node;
    TargetView view;
    boolean before;
    synchronized (this) {
      node = nodes.get(name);
      if (node == null) {
        return false;
      }
      before = node.view.draining();
      node.drained = drain;
      node.sentChanged();
      view = node.view;
      snapshot = null;
    }
    RouterCommand.Builder command = RouterCommand.newBuilder();
    if (drain) {
      command.setDrain(RouterCommand.Drain.getDefaultInstance());
    } else {
      command.setResume(RouterCommand.Resume.getDefaultInstance());
    }
    node.stream.send(command.build());
    if (view.draining() && !before) {
      observer.draining(view);
    }
    observer.reported();
    return true;
  }

  /// A node's stream has ended: the node is lost at once. For a while it is remembered.
  public void lost(NodeStream stream, String why) {
    FleetNode gone;
    synchronized (this) {
      gone = byStream.remove(stream);
      if (gone != null) {
        nodes.remove(gone.view.name());
        lost.add(gone.lostView(), nanoClock.getAsLong(), nodes.size());
        snapshot = null;
      }
    }
    if (gone != null) {
      observer.left(gone.view, why);
    }
  }

  /// Drops the nodes that were not heard of for so long that their streams must be dead.
  public void dropSilent(long limitNanos) {
    List<FleetNode> silent;
    synchronized (this) {
      long now = nanoClock.getAsLong();
      silent = nodes.values().stream().filter(node -> now - node.heardNanos > limitNanos).toList();
    }
    for (FleetNode node : silent) {
      lost(node.stream, "silent");
      node.stream.close(
          Failures.of(Reason.DEADLINE_EXCEEDED, "no report within the limit; register again"));
    }
  }

  /// Every node, in the order of registration, then the upstreams; immutable. A node that has the
  /// name of an upstream is left out.
  public List<TargetView> targets() {
    return lists.of(present(), List.of());
  }

  /// The targets, and before the upstreams the nodes that have gone and may come back: none of
  /// these takes an attempt ([TargetView#unavailable]), but a request that one of them could serve
  /// may wait for it.
  public List<TargetView> targetsAndLost() {
    return listsWithLost.of(present(), lost.at(nanoClock.getAsLong()));
  }

  private List<TargetView> present() {
    List<TargetView> views = snapshot;
    return views != null ? views : renew();
  }

  /// The upstreams that take attempts now.
  public List<TargetView> upstreams() {
    return upstreams.get().stream().filter(upstream -> upstream.unavailable() == null).toList();
  }

  private synchronized List<TargetView> renew() {
    Collection<FleetNode> all = nodes.values();
    List<TargetView> views = new ArrayList<>(all.size());
    for (FleetNode node : all) {
      views.add(node.view);
    }
    List<TargetView> renewed = List.copyOf(views);
    snapshot = renewed;
    return renewed;
  }

  /// Counts an attempt that is being sent to a target, until it is ended.
  ///
  /// @param sequences of the attempt
  /// @param promptTokens estimate
  public InFlight begin(TargetView target, String model, int sequences, int promptTokens) {
    synchronized (this) {
      FleetNode node = nodes.get(target.name());
      if (node == null || !node.view.incarnation().equals(target.incarnation())) {
        return new InFlight(
            this, nanoClock, null, model, new FleetNode.Sent(), sequences, promptTokens, 0);
      }
      ModelView seen = node.view.model(model);
      long before = seen == null ? 0 : seen.waitingPromptTokens();
      FleetNode.Sent sent = node.sent(model);
      sent.begun(sequences, promptTokens);
      InFlight inFlight =
          new InFlight(this, nanoClock, node, model, sent, sequences, promptTokens, before);
      node.sentChanged();
      snapshot = null;
      return inFlight;
    }
  }

  /// Has an attempt counted.
  ///
  /// @param on null: on no node of the fleet
  /// @param count false: there was nothing to count
  /// @param end room may have come
  void counts(@Nullable FleetNode on, BooleanSupplier count, boolean end) {
    boolean counted;
    synchronized (this) {
      counted = count.getAsBoolean();
      if (counted && on != null) {
        on.sentChanged();
        snapshot = null;
      }
    }
    if (counted && end) {
      observer.reported();
    }
  }

  /// Attempts of this router that run on a node.
  public synchronized int attemptsOn(String name) {
    FleetNode node = nodes.get(name);
    return node == null ? 0 : node.attempts();
  }

  /// When a model was first reported by a node of the fleet, in seconds of the epoch; 0: it is
  /// served nowhere.
  public synchronized long modelSince(String model) {
    Long since = modelsSince.get(model);
    return since == null ? 0 : since;
  }

  /// Every node with its last report, for operators.
  public synchronized List<Described> describe() {
    long now = nanoClock.getAsLong();
    return nodes.values().stream()
        .map(node ->
            new Described(
                node.view,
                node.registration,
                node.load,
                now - node.heardNanos,
                now - node.heardNanos > limits.silenceLimitNanos()
                    ? NodeState.NODE_STATE_SILENT
                    : node.load.getState()))
        .toList();
  }

  /// One node as operators see it.
  ///
  /// @param silentNanos since the last report
  public record Described(
      TargetView target,
      NodeRegistration registration,
      NodeLoad load,
      long silentNanos,
      NodeState state) {}
}
