package ringfence.router.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import ringfence.router.dispatch.DispatchLimits;
import ringfence.router.policy.document.BudgetLimit;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.policy.document.DetectorRules;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.policy.document.Tenant;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// One small world from one seed: routers, nodes, clients, and what goes wrong between them. The
/// same seed gives the same run, event by event.
final class Simulation {
  private static final long BUSY_NANOS = 12 * World.SECONDS;
  private static final long MOST_EVENTS = 400_000;
  private static final long ORPHAN_NANOS = 2 * World.SECONDS;
  private static final String[] DIGESTS = {"a".repeat(64), "b".repeat(64)};

  final World world;
  final Network network;
  final Whereabouts whereabouts = new Whereabouts(this);
  final Statistics statistics = new Statistics();
  final List<SimulatedRouter> routers = new ArrayList<>();
  final List<SimulatedNode> nodes = new ArrayList<>();
  final Set<String> arithmetics = new LinkedHashSet<>();
  private final List<SimulatedClient> clients = new ArrayList<>();
  private int pending;
  private int asked;
  private int faults;
  final double duplicates;
  final boolean calm;

  /// Its routers keep ledgers. Not in every world: reading one costs as much as a small world.
  final boolean recorded;

  /// Tokens of each tenant's month, and the policy that says so.
  final long budget;

  /// One tenant asks for more than that.
  private final boolean tight;

  final PolicyDocument policy;

  /// For how long routers take it that nodes may not have reported yet.
  final long awaitFirstNanos;

  long wallClockOffset;

  Simulation(long seed) {
    world = new World(seed);
    network = new Network(world);
    calm = seed % 8 == 0;
    duplicates = !calm && world.chance(0.3) ? 0.02 : 0;
    recorded = world.chance(0.15);
    // A prompt is reserved as 70 tokens or so: little is left for answers.
    tight = world.chance(0.3);
    budget = tight ? world.between(90, 200) : 1_000_000;
    policy = policy(budget);
    awaitFirstNanos = world.chance(0.3) ? 0 : world.between(World.SECONDS / 2, 5 * World.SECONDS);
    DispatchLimits limits =
        new DispatchLimits(
            4,
            Duration.ofMillis(world.between(500, 3_000)),
            world.chance(0.4) ? Duration.ofMillis(world.between(50, 400)) : Duration.ZERO,
            Duration.ofMillis(world.between(500, 6_000)));
    int routerCount = world.chance(0.3) ? 2 : 1;
    for (int i = 0; i < routerCount; i++) {
      routers.add(new SimulatedRouter(this, "router-" + i, limits));
    }
    int nodeCount = 1 + world.random.nextInt(4);
    for (int i = 0; i < nodeCount; i++) {
      boolean odd = world.chance(0.1);
      SimulatedNode node =
          new SimulatedNode(
              this,
              "node-" + i,
              Zone.values()[world.random.nextInt(3)],
              DIGESTS[odd && world.chance(0.5) ? 1 : 0],
              odd ? "n2" : "n1",
              1 + world.random.nextInt(6),
              world.between(10, 80) * World.MILLIS,
              false);
      nodes.add(node);
      arithmetics.add(node.digest + node.numerics);
    }
    if (world.chance(0.3)) {
      SimulatedNode upstream =
          new SimulatedNode(
              this,
              "upstream",
              Zone.EXTERNAL,
              "upstream",
              "",
              1 + world.random.nextInt(6),
              world.between(10, 80) * World.MILLIS,
              true);
      nodes.add(upstream);
      arithmetics.add(upstream.digest + upstream.numerics);
    }
    nodes.forEach(SimulatedNode::start);
    int requests = 3 + world.random.nextInt(8);
    for (int i = 0; i < requests; i++) {
      plan("request-" + asked++);
    }
    if (!calm) {
      int count = 1 + world.random.nextInt(5);
      for (int i = 0; i < count; i++) {
        faults++;
        world.after(
            world.between(0, BUSY_NANOS),
            () -> {
              faults--;
              Faults.happen(this);
            });
      }
    }
    if (recorded && !calm) {
      SimulatedRouter full = routers.get(world.random.nextInt(routers.size()));
      world.after(
          world.between(0, BUSY_NANOS / 2),
          () -> full.fillDisk(world.between(World.SECONDS, 5 * World.SECONDS)));
    }
    world.always(this::noOrphans);
  }

  private static PolicyDocument policy(long tokens) {
    Map<String, Tenant> tenants = new HashMap<>();
    for (int i = 0; i < 3; i++) {
      String name = "tenant-" + i;
      tenants.put(
          name,
          new Tenant(
              name,
              Zone.EXTERNAL,
              Duration.ZERO,
              List.of(new BudgetLimit(Window.MONTH, null, tokens, null)),
              DetectorRules.STANDARD));
    }
    return new PolicyDocument(PolicyDocument.NONE.version(), tenants, List.of(), Map.of());
  }

  private void plan(String requestId) {
    pending++;
    world.after(
        world.between(300 * World.MILLIS, BUSY_NANOS / 2),
        () -> {
          pending--;
          ask(requestId, routers.get(world.random.nextInt(routers.size())));
        });
  }

  /// Some requests in the moment after a router has started, while nodes dial.
  void askSoon(SimulatedRouter router) {
    int count = 1 + world.random.nextInt(3);
    for (int i = 0; i < count; i++) {
      pending++;
      String requestId = "request-" + asked++;
      world.after(
          world.between(0, 200 * World.MILLIS),
          () -> {
            pending--;
            statistics.count("asked just after a start");
            ask(requestId, router);
          });
    }
  }

  private void ask(String requestId, SimulatedRouter router) {
    SimulatedClient client =
        new SimulatedClient(
            this,
            requestId,
            Zone.values()[world.random.nextInt(4)],
            "tenant-" + (tight ? 0 : world.random.nextInt(3)));
    clients.add(client);
    client.ask(router);
    if (world.chance(0.15)) {
      world.after(world.between(0, 3 * World.SECONDS), client::hangUp);
    }
    if (world.chance(0.15)) {
      world.after(
          world.between(0, 2 * World.SECONDS),
          () -> client.lag(world.between(0, 5 * World.SECONDS)));
    }
  }

  /// The upstreams as the policy would name them.
  List<TargetView> upstreams() {
    return nodes.stream().filter(node -> node.isUpstream).map(SimulatedNode::view).toList();
  }

  SimulatedNode node(String name) {
    for (SimulatedNode node : nodes) {
      if (node.name.equals(name)) {
        return node;
      }
    }
    throw new IllegalArgumentException(name);
  }

  List<SimulatedClient> clients() {
    return clients;
  }

  /// Runs to the end.
  void run() {
    while (!isOver() && world.step()) {
      if (world.happened > MOST_EVENTS) {
        world.violated(Violation.Rule.EveryRequestEnds, "it goes on for ever");
      }
    }
    statistics.count("events", world.happened);
  }

  private boolean isOver() {
    if (pending > 0 || faults > 0) {
      return false;
    }
    for (SimulatedClient client : clients) {
      if (client.outcome.isEmpty()) {
        return false;
      }
    }
    for (SimulatedRouter router : routers) {
      if (!router.running.isEmpty()) {
        return false;
      }
    }
    for (SimulatedNode node : nodes) {
      if (!node.running.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  /// What a node computes and no router wants is soon gone, counting only the time in which the
  /// node can hear it.
  private void noOrphans() {
    for (SimulatedNode node : nodes) {
      for (SimulatedNode.Running one : node.running.values()) {
        if (node.isHung() || isWanted(one) || isOutOfReach(node)) {
          one.unwantedSince = 0;
        } else if (one.unwantedSince == 0) {
          one.unwantedSince = world.now();
        } else if (world.now() - one.unwantedSince > ORPHAN_NANOS) {
          world.violated(
              Violation.Rule.NoOrphanSequence,
              node.name + " computes " + one.requestId + "/" + one.attempt + " for nobody");
        }
      }
    }
  }

  private boolean isWanted(SimulatedNode.Running one) {
    for (SimulatedRouter router : routers) {
      if (router.wants(one.requestId, one.attempt)) {
        return true;
      }
    }
    return false;
  }

  private boolean isOutOfReach(SimulatedNode node) {
    for (SimulatedRouter router : routers) {
      if (router.isHung() || network.isHurt(router.name, node.name)) {
        return true;
      }
    }
    return false;
  }
}
