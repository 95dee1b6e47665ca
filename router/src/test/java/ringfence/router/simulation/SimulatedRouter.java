package ringfence.router.simulation;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.NodeReport;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RouterCommand;
import ringfence.router.Alarms;
import ringfence.router.Unobserved;
import ringfence.router.dispatch.AnswerReader;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.Dispatch;
import ringfence.router.dispatch.DispatchLimits;
import ringfence.router.dispatch.Dispatcher;
import ringfence.router.dispatch.PrefixMemory;
import ringfence.router.dispatch.WaitingRoom;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.FleetLimits;
import ringfence.router.fleet.NodeStream;
import ringfence.router.fleet.RefusedReportException;
import ringfence.router.policy.Caller;
import ringfence.router.policy.Policy;
import ringfence.router.policy.PolicyObserver;
import ringfence.router.policy.budget.Budgets;
import ringfence.router.policy.budget.Reservation;
import ringfence.router.policy.budget.Spending;
import ringfence.router.policy.document.PolicyDocument;
import ringfence.router.routing.Placer;
import ringfence.router.routing.TargetView;
import ringfence.router.serving.Budgeted;

/// A router process: the real policy, placement, fleet, waiting room and dispatch on virtual time,
/// with pipes where gRPC would be.
final class SimulatedRouter extends Process {
  private static final long SILENCE_NANOS = 2 * World.SECONDS;
  private static final int WAITING_PLACES = 8;
  static final long KEEP_ALIVE_NANOS = 10 * World.SECONDS;
  static final long NODE_KEEP_ALIVE_NANOS = 13 * World.SECONDS;

  private final Simulation simulation;
  private final DispatchLimits limits;
  private final @Nullable SimulatedLedger ledger;

  private Policy policy = new Policy();
  private Fleet fleet;
  private Dispatcher dispatcher;
  final Set<Running> running = new LinkedHashSet<>();
  private final PipeEgress egress;
  private RouterRules rules;

  SimulatedRouter(Simulation simulation, String name, DispatchLimits limits) {
    super(simulation.world, name);
    this.simulation = simulation;
    this.limits = limits;
    this.ledger = simulation.recorded ? new SimulatedLedger(simulation) : null;
    this.egress = new PipeEgress(simulation, this, ledger);
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
    return egress.hasOpen(requestId, attempt) && runs(requestId);
  }

  private boolean runs(String requestId) {
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
    rules = new RouterRules(simulation, policy.budgets().spent());
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
            new FleetLimits(
                100, SILENCE_NANOS, RouterRules.AWAIT_LOST_NANOS, simulation.awaitFirstNanos),
            world::now,
            this::wallClock,
            observer,
            simulation::upstreams);
    dispatcher =
        new Dispatcher(
            policy,
            Placer.standard(SILENCE_NANOS, 4),
            fleet,
            egress,
            world::now,
            alarms,
            waitingRoom,
            prefixes,
            limits,
            world.random::nextLong,
            observer);
    fleet.listens();
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
    egress.crash();
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
      rules.joined(target);
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
      rules.left(target);
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
      for (Running one : running) {
        if (one.requestId.equals(attempt.requestId())) {
          rules.begins(attempt, one.patientUntil, waitingRoom.waiting() < WAITING_PLACES);
        }
      }
    }

    @Override
    public void waited(long nanos, boolean found) {
      if (found && rules.mayNotKnowAllNodes()) {
        simulation.statistics.count("waited for first reports");
      }
      simulation.statistics.count(found ? "waited and found room" : "waited in vain");
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
                  rules.delivered(request.getTenant());
                }
                call.send(event);
              }

              @Override
              public void completed() {
                call.send(SimulatedClient.COMPLETED);
              }

              @Override
              public void failed(Failure failure) {
                rules.refused(request, failure);
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
}
