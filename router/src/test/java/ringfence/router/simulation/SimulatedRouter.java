package ringfence.router.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.CancelRequest;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RouterCommand;
import ringfence.router.Alarms;
import ringfence.router.Failures;
import ringfence.router.Unobserved;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.dispatch.DispatchLimits;
import ringfence.router.dispatch.Dispatcher;
import ringfence.router.dispatch.PrefixMemory;
import ringfence.router.dispatch.WaitingRoom;
import ringfence.router.egress.AttemptListener;
import ringfence.router.egress.AttemptStream;
import ringfence.router.egress.Egress;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.FleetLimits;
import ringfence.router.fleet.NodeStream;
import ringfence.router.fleet.RefusedReportException;
import ringfence.router.policy.Caller;
import ringfence.router.policy.EgressGrant;
import ringfence.router.policy.Policy;
import ringfence.router.policy.PolicyObserver;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.Reservation;
import ringfence.router.policy.budget.Spending;
import ringfence.router.policy.budget.Spent;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.Placer;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;
import ringfence.router.serving.Budgeted;

/// A router process: the real policy, placement, fleet, waiting room and dispatch on virtual time,
/// with pipes where gRPC would be.
final class SimulatedRouter extends Process {
  private static final long SILENCE_NANOS = 2 * World.SECONDS;
  private static final long AWAIT_LOST_NANOS = 60 * World.SECONDS;
  private static final int WAITING_PLACES = 8;
  private static final long KEEP_ALIVE_NANOS = 10 * World.SECONDS;
  private static final long NODE_KEEP_ALIVE_NANOS = 13 * World.SECONDS;

  private final Simulation simulation;
  private final DispatchLimits limits;
  private final @Nullable SimulatedLedger ledger;
  private final Map<String, Long> delivered = new HashMap<>();

  /// When each zone's nodes were last in the fleet, in this life; the largest number: now.
  private final Map<Zone, Map<String, Long>> lastThere = new HashMap<>();

  /// Since when nodes could report, in this life.
  private long listensSince;

  private Policy policy = new Policy();
  private Fleet fleet;
  private Dispatcher dispatcher;
  final Set<Running> running = new LinkedHashSet<>();
  final Set<Call> calls = new LinkedHashSet<>();

  SimulatedRouter(Simulation simulation, String name, DispatchLimits limits) {
    super(simulation.world, name);
    this.simulation = simulation;
    this.limits = limits;
    this.ledger = simulation.recorded ? new SimulatedLedger(simulation) : null;
    build();
  }

  /// One request that has arrived and not ended.
  static final class Running {
    final String requestId;
    final long patientUntil;
    Dispatch dispatch;
    boolean ended;

    Running(String requestId, long patientUntil) {
      this.requestId = requestId;
      this.patientUntil = patientUntil;
    }
  }

  /// Whether an attempt's call is one that its request may still have: the request runs, and no two
  /// newer attempts do.
  boolean wants(String requestId, int attempt) {
    int newer = 0;
    boolean open = false;
    for (Call call : calls) {
      if (call.requestId.equals(requestId)) {
        newer += call.attempt > attempt ? 1 : 0;
        open |= call.attempt == attempt && !call.over;
      }
    }
    if (!open || newer > 1) {
      return false;
    }
    for (Running one : running) {
      if (one.requestId.equals(requestId)) {
        return true;
      }
    }
    return false;
  }

  private void build() {
    Budgets spent = policy.budgets();
    policy =
        new Policy(
            PolicyDocument.NONE,
            this::wallClock,
            world::now,
            Duration.ofSeconds(2),
            PolicyObserver.NONE);
    policy.budgets().limit(simulation.policy);
    policy.budgets().restore(spent.spent());
    delivered.clear();
    lastThere.clear();
    for (Spent before : policy.budgets().spent()) {
      delivered.merge(before.tenant(), before.amounts().tokens(), Math::max);
    }
    if (ledger != null) {
      ledger.open(task -> after(world.between(0, 3 * World.MILLIS), task), task -> after(0, task));
    }
    Alarms alarms =
        (nanos, task) -> {
          World.Event event = after(nanos, task);
          return event::callOff;
        };
    WaitingRoom waitingRoom = new WaitingRoom(WAITING_PLACES, 4_000, alarms);
    PrefixMemory prefixes = new PrefixMemory(16, world.random::nextLong);
    Observer observer = new Observer(waitingRoom, prefixes);
    fleet =
        new Fleet(
            new FleetLimits(100, SILENCE_NANOS, AWAIT_LOST_NANOS, simulation.awaitFirstNanos),
            world::now,
            this::wallClock,
            observer,
            simulation::upstreams);
    dispatcher =
        new Dispatcher(
            policy,
            Placer.standard(SILENCE_NANOS, 4),
            fleet,
            new PipeEgress(),
            world::now,
            alarms,
            waitingRoom,
            prefixes,
            limits,
            world.random::nextLong,
            observer);
    fleet.listens();
    listensSince = world.now();
    keepHouse();
  }

  private Instant wallClock() {
    return Instant.ofEpochSecond(1_700_000_000 + simulation.wallClockOffset);
  }

  void fillDisk(long nanos) {
    if (ledger != null) {
      ledger.full(true);
      world.after(nanos, () -> ledger.full(false));
      simulation.statistics.count("disk full");
    }
  }

  private void keepHouse() {
    after(
        World.SECONDS,
        () -> {
          fleet.dropSilent(30 * World.SECONDS);
          for (Running one : List.copyOf(running)) {
            one.dispatch.endIfStalled(Duration.ofSeconds(30));
          }
          keepHouse();
        });
  }

  @Override
  void crash() {
    super.crash();
    if (ledger != null) {
      ledger.powerCut();
    }
    running.clear();
    calls.clear();
  }

  @Override
  void restart() {
    super.restart();
    build();
  }

  void drain(String node, boolean drain) {
    does(() -> fleet.drain(node, drain));
  }

  private final class Observer extends Unobserved {
    private final WaitingRoom waitingRoom;
    private final PrefixMemory prefixes;

    Observer(WaitingRoom waitingRoom, PrefixMemory prefixes) {
      this.waitingRoom = waitingRoom;
      this.prefixes = prefixes;
    }

    @Override
    public void joined(TargetView target) {
      there(target, Long.MAX_VALUE);
      waitingRoom.roomMayHaveCome();
    }

    @Override
    public void reported() {
      waitingRoom.roomMayHaveCome();
    }

    @Override
    public void draining(TargetView target) {
      after(
          0,
          () -> {
            for (Running one : List.copyOf(running)) {
              one.dispatch.leave(target);
            }
          });
    }

    @Override
    public void left(TargetView target, String why) {
      there(target, world.now());
      prefixes.left(target);
    }

    @Override
    public void moved(Cause cause) {
      simulation.statistics.count("moved: " + cause);
    }

    @Override
    public void resumed(long nanos) {
      simulation.statistics.count("resumed");
    }

    @Override
    public void attemptBegun(AttemptFacts attempt) {
      begins(attempt, waitingRoom.waiting());
    }

    @Override
    public void waited(long nanos, boolean found) {
      if (found && mayNotKnowAllNodes()) {
        simulation.statistics.count("waited for first reports");
      }
      simulation.statistics.count(found ? "waited and found room" : "waited in vain");
    }
  }

  private void there(TargetView target, long until) {
    lastThere.computeIfAbsent(target.zone(), _ -> new HashMap<>()).put(target.name(), until);
  }

  private boolean mayNotKnowAllNodes() {
    return world.now() - listensSince < simulation.awaitFirstNanos;
  }

  /// An attempt is sent: not away from the site while nearer nodes may not have reported and there
  /// is time to wait for them. Who finds no place to wait in goes at once.
  private void begins(AttemptFacts attempt, int waiting) {
    Placed placed = attempt.placed();
    if (!placed.target().zone().isFartherThan(Zone.SITE)) {
      return;
    }
    for (Running one : running) {
      if (one.requestId.equals(attempt.requestId())
          && mayNotKnowAllNodes()
          && waiting < WAITING_PLACES
          && one.patientUntil - (long) (placed.firstTokenMillis() * World.MILLIS) > world.now()) {
        world.violated(
            Violation.Rule.NearNodesAreAwaited,
            attempt.requestId() + " leaves the site before nodes could report");
      }
    }
  }

  /// A request was refused: not for want of nodes that it has just lost, or that had no time to
  /// report.
  private void refused(RouteRequest request, Failure failure) {
    Zone farthest = WireZones.ofLabel(request.getLabel().getFarthestZone());
    boolean lost = false;
    for (Map.Entry<Zone, Map<String, Long>> zone : lastThere.entrySet()) {
      if (!zone.getKey().isFartherThan(farthest)) {
        for (long until : zone.getValue().values()) {
          lost |= until != Long.MAX_VALUE && world.now() - until <= AWAIT_LOST_NANOS;
        }
      }
    }
    if (lost
        && (failure.getReason() == Failure.Reason.NO_TARGET_IN_ZONE
            || failure.getReason() == Failure.Reason.UNKNOWN_MODEL)) {
      world.violated(
          Violation.Rule.LostNodesAreAwaited,
          request.getRequestId() + " is refused while a node may come back");
    }
    if (mayNotKnowAllNodes()
        && (failure.getReason() == Failure.Reason.NO_TARGET_IN_ZONE
            || failure.getReason() == Failure.Reason.UNKNOWN_MODEL)) {
      world.violated(
          Violation.Rule.FirstReportsAreAwaited,
          request.getRequestId() + " is refused before nodes could report");
    }
    if (failure.getMessage().contains("reported yet")) {
      simulation.statistics.count("refused before nodes reported");
    }
    if (failure.getMessage().contains("lost; it may come back")) {
      simulation.statistics.count("waited for a lost node");
    }
  }

  /// A node dials.
  Pipe.End accept(SimulatedNode node) {
    Pipe pipe = new Pipe(simulation.network, this, KEEP_ALIVE_NANOS, node, NODE_KEEP_ALIVE_NANOS);
    NodeStream stream =
        new NodeStream() {
          @Override
          public void send(RouterCommand command) {
            pipe.left.send(command);
          }

          @Override
          public void close(Failure failure) {
            pipe.left.close();
          }
        };
    pipe.left.hears(
        report -> {
          try {
            NodeReport message = (NodeReport) report;
            if (message.hasRegistration()) {
              fleet.register(stream, message.getRegistration());
            } else {
              fleet.report(stream, message.getLoad());
            }
          } catch (RefusedReportException refused) {
            fleet.lost(stream, "refused");
            pipe.left.close();
          }
        },
        () -> fleet.lost(stream, "its stream broke"));
    return pipe.right;
  }

  /// A request has arrived on a call.
  void route(RouteRequest request, long remainingNanos, Pipe.End call, SimulatedClient client) {
    long patience =
        request.getMaxWaitMillis() == 0
            ? limits.maxWait().toNanos()
            : request.getMaxWaitMillis() * World.MILLIS;
    Running one =
        new Running(request.getRequestId(), world.now() + Math.min(patience, remainingNanos));
    running.add(one);
    client.expectEndBy(this, one, remainingNanos);
    Caller caller = Caller.keyless(request.getTenant());
    Spending spending;
    switch (policy.reserve(request, caller, 1_000)) {
      case Reservation.Refused(Failure tooMuch) -> {
        simulation.statistics.count("over budget");
        one.ended = true;
        running.remove(one);
        call.send(tooMuch);
        return;
      }
      case Spending reserved -> spending = reserved;
    }
    Budgeted budgeted =
        new Budgeted(
            new AnswerReader() {
              @Override
              public boolean ready() {
                return client.takes();
              }

              @Override
              public void event(RouteEvent event) {
                if (event.hasToken()) {
                  delivered(request.getTenant());
                }
                call.send(event);
              }

              @Override
              public void completed() {
                call.send(SimulatedClient.COMPLETED);
              }

              @Override
              public void failed(Failure failure) {
                refused(request, failure);
                call.send(failure);
              }
            },
            spending,
            task -> after(0, task));
    one.dispatch =
        dispatcher.dispatch(
            request,
            policy.classify(request, caller, spending),
            remainingNanos,
            budgeted.reader(),
            () -> {
              if (one.ended) {
                world.violated(
                    Violation.Rule.NothingTwice, request.getRequestId() + " ended twice");
              }
              one.ended = true;
              running.remove(one);
              spending.end();
            });
    budgeted.aborts(one.dispatch);
    call.hears(_ -> one.dispatch.cancel(), one.dispatch::cancel);
    client.whenRoom(() -> does(one.dispatch::readerReady));
    one.dispatch.start();
  }

  private void delivered(String tenant) {
    long tokens = delivered.merge(tenant, 1L, Long::sum);
    if (tokens > simulation.budget) {
      world.violated(Violation.Rule.BudgetHolds, tenant + " got " + tokens + " tokens");
    }
  }

  /// Where gRPC's channels would be.
  private final class PipeEgress implements Egress {
    @Override
    public AttemptStream open(
        EgressGrant grant, GenerationRequest request, long remaining, AttemptListener listener) {
      if (!grant.permits(request.getRequestId(), request.getAttempt(), world.now())) {
        throw new IllegalStateException(grant + " does not permit it");
      }
      if (grant.target().isUpstream() && request.getAttempt() > 1) {
        simulation.statistics.count("moved on to an upstream");
      }
      Call call = new Call(grant, request, listener);
      if (ledger == null) {
        call.leave();
      } else {
        ledger.depart(
            grant,
            request.getAttempt(),
            request.toByteString(),
            call::leave,
            failure -> call.ends(failure, true));
      }
      return call;
    }

    @Override
    public void abandon(EgressGrant grant) {
      if (grant.target().isUpstream()) {
        return;
      }
      SimulatedNode node = simulation.node(grant.target().name());
      Pipe pipe =
          new Pipe(simulation.network, SimulatedRouter.this, World.SECONDS, node, World.SECONDS);
      pipe.right.hears(
          message -> {
            node.cancel((CancelRequest) message);
            pipe.right.close();
          },
          () -> {});
      pipe.left.send(
          CancelRequest.newBuilder()
              .setRequestId(grant.requestId())
              .setAttempt(grant.attempt())
              .build());
    }
  }

  /// One attempt's call.
  final class Call implements AttemptStream {
    final String requestId;
    final int attempt;
    private final AttemptListener listener;
    private final EgressGrant grant;
    private final GenerationRequest request;
    private Pipe.End end;
    private final List<Object> arrived = new ArrayList<>();
    private int wanted = EVENTS_AHEAD;
    boolean cancelled;
    boolean over;

    Call(EgressGrant grant, GenerationRequest request, AttemptListener listener) {
      this.requestId = request.getRequestId();
      this.attempt = request.getAttempt();
      this.listener = listener;
      this.grant = grant;
      this.request = request;
      calls.add(this);
    }

    /// What it sends is cleared.
    private void leave() {
      if (cancelled || over) {
        return;
      }
      simulation.whereabouts.bytesLeave(grant, request);
      if (ledger != null && grant.target().zone().ordinal() > Zone.SITE.ordinal()) {
        ledger.bytesLeave(grant);
      }
      SimulatedNode node = simulation.node(grant.target().name());
      Pipe pipe =
          new Pipe(
              simulation.network,
              SimulatedRouter.this,
              KEEP_ALIVE_NANOS,
              node,
              NODE_KEEP_ALIVE_NANOS);
      end = pipe.left;
      pipe.right.hears(message -> node.generate((GenerationRequest) message, pipe.right), () -> {});
      end.hears(this::arrives, () -> ends(Failures.of(Failure.Reason.TARGET_LOST, "lost"), false));
      end.send(request);
      if (world.chance(simulation.duplicates)) {
        // Delivered twice: the node must not run it twice.
        end.send(request);
      }
    }

    private void arrives(Object message) {
      arrived.add(message);
      if (message instanceof GenerationEvent && world.chance(simulation.duplicates)) {
        arrived.add(message);
        simulation.statistics.count("duplicated");
      }
      deliver();
    }

    // What arrives after a cancel is still delivered, late: it is for the dispatch to fence it off.
    private void deliver() {
      while (!arrived.isEmpty()
          && (wanted > 0 || !(arrived.getFirst() instanceof GenerationEvent))) {
        switch (arrived.removeFirst()) {
          case GenerationEvent event -> {
            wanted--;
            if (cancelled) {
              simulation.statistics.count("late");
            }
            listener.event(event);
            if (event.hasDone()) {
              over = true;
              calls.remove(this);
            }
          }
          case Failure failure -> {
            ends(failure, true);
            return;
          }
          default -> throw new IllegalStateException();
        }
      }
    }

    private void ends(Failure failure, boolean fromTarget) {
      if (!over) {
        over = true;
        calls.remove(this);
        listener.failed(failure, fromTarget);
      }
    }

    @Override
    public void request(int count) {
      wanted += count;
      if (!arrived.isEmpty()) {
        after(0, this::deliver);
      }
    }

    @Override
    public void cancel() {
      if (!cancelled) {
        cancelled = true;
        calls.remove(this);
        Pipe.End sent = end;
        if (sent == null) {
          return;
        }
        if (world.chance(0.5)) {
          sent.close();
        } else {
          // The reset takes its time, and events that crossed it arrive.
          after(World.MILLIS, sent::close);
        }
      }
    }
  }
}
