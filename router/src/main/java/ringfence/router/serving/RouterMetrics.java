package ringfence.router.serving;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.NodeState;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.dispatch.DispatchObserver;
import ringfence.router.fleet.Fleet;
import ringfence.router.fleet.FleetObserver;
import ringfence.router.policy.PolicyObserver;
import ringfence.router.policy.detector.Detectors;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;
import ringfence.router.upstream.UpstreamObserver;

/// Counts what dispatches and the fleet do, and logs what operators should know. Labels have a
/// fixed set of values: no model, tenant or node name.
final class RouterMetrics
    implements DispatchObserver, FleetObserver, PolicyObserver, UpstreamObserver {
  private static final Logger LOG = Logger.getLogger(RouterMetrics.class);

  private final AtomicInteger openBreakers = new AtomicInteger();
  private final MeterRegistry registry;
  private final Map<Zone, Counter> departures = new EnumMap<>(Zone.class);
  private final Timer placement;
  private final Timer resumes;
  private final Timer served;
  private final Timer unserved;
  private final Map<Cause, Counter> moves = new EnumMap<>(Cause.class);
  private final Timer screening;
  private final Map<String, Counter> findings = new ConcurrentHashMap<>();
  private final Map<Failure.Reason, Counter> requests = new EnumMap<>(Failure.Reason.class);
  private final Map<Failure.Reason, Counter> attempts = new EnumMap<>(Failure.Reason.class);

  RouterMetrics(MeterRegistry registry) {
    this.registry = registry;
    Gauge.builder("ringfence.router.upstream.breakers.open", openBreakers, AtomicInteger::get)
        .description("Upstreams that get nothing because they failed")
        .register(registry);
    placement =
        Timer.builder("ringfence.router.placement")
            .description("Time to place one attempt")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofNanos(1_000))
            .maximumExpectedValue(Duration.ofMillis(100))
            .register(registry);
    resumes =
        Timer.builder("ringfence.router.resume.gap")
            .description("From an answer's last token before another attempt to its first after")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofMillis(1))
            .maximumExpectedValue(Duration.ofSeconds(60))
            .register(registry);
    for (Zone zone : Zone.values()) {
      departures.put(
          zone,
          Counter.builder("ringfence.router.departures")
              .description("Attempts that were begun, by the zone of their target")
              .tag("zone", zone.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    served = waiting(registry, "served");
    unserved = waiting(registry, "unserved");
    for (Cause cause : Cause.values()) {
      moves.put(
          cause,
          Counter.builder("ringfence.router.moves")
              .description("Attempts begun although the one before had not failed")
              .tag("cause", cause.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    screening =
        Timer.builder("ringfence.router.screening")
            .description("Time of the detectors on one request")
            .publishPercentileHistogram()
            .minimumExpectedValue(Duration.ofNanos(10_000))
            .maximumExpectedValue(Duration.ofSeconds(10))
            .register(registry);
    for (Failure.Reason reason : Failure.Reason.values()) {
      if (reason != Failure.Reason.UNRECOGNIZED) {
        requests.put(
            reason,
            Counter.builder("ringfence.router.requests")
                .description("Requests that have ended")
                .tag("outcome", outcome(reason))
                .register(registry));
        attempts.put(
            reason,
            Counter.builder("ringfence.router.attempts")
                .description("Attempts that have ended")
                .tag("outcome", outcome(reason))
                .register(registry));
      }
    }
  }

  private static Timer waiting(MeterRegistry registry, String outcome) {
    return Timer.builder("ringfence.router.wait")
        .description("Time that requests waited for room")
        .tag("outcome", outcome)
        .register(registry);
  }

  /// Shows the fleet and the requests in flight.
  void show(MeterRegistry registry, Fleet fleet, IntSupplier inFlight, IntSupplier waiting) {
    Gauge.builder("ringfence.router.waiting", waiting::getAsInt)
        .description("Requests that wait for room on a node")
        .register(registry);
    Gauge.builder("ringfence.router.in.flight", inFlight::getAsInt)
        .description("Requests in flight")
        .register(registry);
    for (Zone zone : Zone.values()) {
      for (NodeState state :
          new NodeState[] {
            NodeState.NODE_STATE_READY, NodeState.NODE_STATE_DRAINING, NodeState.NODE_STATE_SILENT
          }) {
        Gauge.builder("ringfence.router.nodes", () -> count(fleet, zone, state))
            .description("Nodes with an open report stream")
            .tag("zone", zone.name().toLowerCase(Locale.ROOT))
            .tag("state", state.name().substring("NODE_STATE_".length()).toLowerCase(Locale.ROOT))
            .register(registry);
      }
    }
  }

  /// Shows whether the newest policy file is in force.
  void show(MeterRegistry registry, PolicyWatch policy) {
    Gauge.builder("ringfence.router.policy.refused", () -> policy.problem() == null ? 0 : 1)
        .description("1 while the newest policy file is wrong and an older one is in force")
        .register(registry);
  }

  @Override
  public void keyRefused(String why, @Nullable String keyId) {
    Counter.builder("ringfence.router.keys.refused")
        .description("Requests whose API key was refused")
        .tag("why", why)
        .register(registry)
        .increment();
    if (keyId != null) {
      LOG.infof("key %s was refused: %s", keyId, why);
    }
  }

  @Override
  public void screened(long nanos, Set<String> kinds, boolean complete) {
    screening.record(nanos, TimeUnit.NANOSECONDS);
    for (String kind : kinds) {
      finding(Detectors.kinds().contains(kind) ? kind : "own");
    }
    if (!complete) {
      finding("failed");
    }
  }

  private void finding(String detector) {
    findings
        .computeIfAbsent(
            detector,
            kind ->
                Counter.builder("ringfence.router.detector.findings")
                    .description("Requests in which a detector found something")
                    .tag("detector", kind)
                    .register(registry))
        .increment();
  }

  private static long count(Fleet fleet, Zone zone, NodeState state) {
    return fleet.describe().stream()
        .filter(node -> node.target().zone() == zone && node.state() == state)
        .count();
  }

  private static String outcome(Failure.Reason reason) {
    return reason == Failure.Reason.REASON_UNSPECIFIED
        ? "completed"
        : reason.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public void placed(long nanos) {
    placement.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void moved(Cause cause) {
    Counter counter = moves.get(cause);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void resumed(long nanos) {
    resumes.record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void waited(long nanos, boolean found) {
    (found ? served : unserved).record(nanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void attemptBegun(AttemptFacts attempt) {
    Counter counter = departures.get(attempt.target().zone());
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void attemptEnded(AttemptFacts attempt, Failure.Reason reason) {
    count(attempts, reason);
    if (reason != Failure.Reason.REASON_UNSPECIFIED && reason != Failure.Reason.CANCELLED) {
      LOG.infof(
          "request %s: attempt %d on %s ended: %s",
          attempt.requestId(), attempt.attempt(), attempt.target().name(), reason);
    }
  }

  @Override
  public void requestEnded(String requestId, Failure.Reason reason) {
    count(requests, reason);
  }

  private static void count(Map<Failure.Reason, Counter> counters, Failure.Reason reason) {
    Counter counter = counters.get(reason);
    if (counter != null) {
      counter.increment();
    }
  }

  @Override
  public void joined(TargetView target) {
    LOG.infof(
        "node %s joined: %s, %s, models %s",
        target.name(), target.zone(), target.address(), target.models().keySet());
  }

  @Override
  public void draining(TargetView target) {
    LOG.infof("node %s drains: what runs there goes on elsewhere", target.name());
  }

  @Override
  public void reported() {}

  @Override
  public void left(TargetView target, String why) {
    LOG.infof("node %s left: %s", target.name(), why);
  }

  @Override
  public void opened(String upstream, String why) {
    openBreakers.incrementAndGet();
    LOG.warnf("upstream %s gets nothing until it answers again: %s", upstream, why);
  }

  @Override
  public void closed(String upstream) {
    openBreakers.decrementAndGet();
    LOG.infof("upstream %s answers again", upstream);
  }
}
