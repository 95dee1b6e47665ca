package ringfence.router.overview;

import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.AttemptEndedEvent;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Happening;
import ringfence.proto.v1.Happening.AttemptOver;
import ringfence.proto.v1.Happening.AttemptPlaced;
import ringfence.proto.v1.Happening.NodeChanged;
import ringfence.proto.v1.NodeStateEvent;
import ringfence.proto.v1.PlacementEvent;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.policy.Caller;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// The latest placements and changes of nodes, in memory: names, counts and reasons, no content.
/// What happened before this process comes from the outbox. Safe for use by many threads.
public final class Timeline {
  /// That are remembered; the oldest go first.
  static final int MOST = 512;

  /// So many of an outbox' events hold about what is remembered: of a request there are its
  /// placement and its usage, and perhaps its egress.
  public static final int EVENTS_TO_RECALL = 4 * MOST;

  private static final long SEQUENCES_A_MILLISECOND = 1_000;

  private sealed interface Entry {
    long sequence();

    boolean isFor(Caller caller);

    void tell(Happening.Builder happening);
  }

  /// Only what is told is kept of a placement, which itself holds every target.
  private record Placed(
      long sequence,
      String requestId,
      String tenant,
      String model,
      int attempt,
      String target,
      Zone zone,
      String decidedBy,
      double predictedMillis,
      int lookedAt)
      implements Entry {
    @Override
    public boolean isFor(Caller caller) {
      return caller.tenant().equals(tenant);
    }

    @Override
    public void tell(Happening.Builder happening) {
      happening.setPlaced(
          AttemptPlaced.newBuilder()
              .setRequestId(requestId)
              .setTenant(tenant)
              .setModel(model)
              .setAttempt(attempt)
              .setTarget(target)
              .setZone(WireZones.toWire(zone))
              .setDecidedBy(decidedBy)
              .setPredictedMillis(predictedMillis)
              .setLookedAt(lookedAt));
    }
  }

  private record Over(
      long sequence,
      String requestId,
      String tenant,
      int attempt,
      String target,
      Zone zone,
      Failure.Reason reason)
      implements Entry {
    @Override
    public boolean isFor(Caller caller) {
      return caller.tenant().equals(tenant);
    }

    @Override
    public void tell(Happening.Builder happening) {
      happening.setOver(
          AttemptOver.newBuilder()
              .setRequestId(requestId)
              .setTenant(tenant)
              .setAttempt(attempt)
              .setTarget(target)
              .setZone(WireZones.toWire(zone))
              .setOutcome(
                  reason == Failure.Reason.REASON_UNSPECIFIED
                      ? "completed"
                      : reason.name().toLowerCase(Locale.ROOT)));
    }
  }

  private record Changed(long sequence, String node, Zone zone, String change, String cause)
      implements Entry {
    @Override
    public boolean isFor(Caller caller) {
      return !zone.isFartherThan(caller.ceiling());
    }

    @Override
    public void tell(Happening.Builder happening) {
      happening.setNode(
          NodeChanged.newBuilder()
              .setNode(node)
              .setZone(WireZones.toWire(zone))
              .setChange(change)
              .setCause(cause));
    }
  }

  private record Dated(long millis, Entry entry) {}

  private final InstantSource clock;
  private final Deque<Dated> entries = new ArrayDeque<>();
  private long sequence;

  /// @param clock dates what happens
  public Timeline(InstantSource clock) {
    this.clock = clock;
    // So that no reader of an earlier process takes what is told now for what it has seen.
    sequence = clock.millis() * SEQUENCES_A_MILLISECOND;
  }

  /// Takes up what earlier processes of this router have written down, the oldest first. To be
  /// called before anything happens.
  public synchronized void recall(List<Event> events) {
    for (Event event : events) {
      Entry entry = entry(event);
      if (entry != null) {
        add(event.getTimeMillis(), entry);
      }
    }
  }

  /// Null: it is not told here.
  private @Nullable Entry entry(Event event) {
    return switch (event.getEventCase()) {
      case PLACEMENT -> {
        PlacementEvent placed = event.getPlacement();
        yield new Placed(
            ++sequence,
            placed.getRequestId(),
            placed.getTenant(),
            placed.getModel(),
            placed.getAttempt(),
            placed.getTarget(),
            WireZones.ofLabel(placed.getZone()),
            placed.getDecidedBy(),
            placed.getPredictedMillis(),
            placed.getLookedAt());
      }
      case ATTEMPT_ENDED -> {
        AttemptEndedEvent ended = event.getAttemptEnded();
        yield new Over(
            ++sequence,
            ended.getRequestId(),
            ended.getTenant(),
            ended.getAttempt(),
            ended.getTarget(),
            WireZones.ofLabel(ended.getZone()),
            ended.getReason());
      }
      case NODE_STATE -> {
        NodeStateEvent node = event.getNodeState();
        yield new Changed(
            ++sequence,
            node.getNode(),
            WireZones.ofLabel(node.getZone()),
            node.getChange().name().toLowerCase(Locale.ROOT),
            node.getCause());
      }
      case USAGE, EGRESS, EVENT_NOT_SET -> null;
    };
  }

  /// An attempt was sent.
  public synchronized void placed(AttemptFacts facts) {
    TargetView target = facts.target();
    add(
        new Placed(
            ++sequence,
            facts.requestId(),
            facts.tenant(),
            facts.model(),
            facts.attempt(),
            target.name(),
            target.zone(),
            facts.placed().decidedBy(),
            facts.placed().predictedMillis(),
            facts.placed().verdicts().size()));
  }

  /// An attempt has ended.
  ///
  /// @param reason `REASON_UNSPECIFIED` when it completed
  public synchronized void ended(AttemptFacts facts, Failure.Reason reason) {
    TargetView target = facts.target();
    add(
        new Over(
            ++sequence,
            facts.requestId(),
            facts.tenant(),
            facts.attempt(),
            target.name(),
            target.zone(),
            reason));
  }

  /// A node has joined, drains or has left.
  public synchronized void changed(TargetView node, String change, String cause) {
    add(new Changed(++sequence, node.name(), node.zone(), change, cause));
  }

  private void add(Entry entry) {
    add(clock.millis(), entry);
  }

  private void add(long millis, Entry entry) {
    entries.addLast(new Dated(millis, entry));
    if (entries.size() > MOST) {
      entries.removeFirst();
    }
  }

  /// The sequence of the last one.
  synchronized long last() {
    return sequence;
  }

  /// What happened after that sequence and the caller may see, the oldest first.
  synchronized List<Happening> after(long after, Caller caller) {
    List<Happening> told = new ArrayList<>();
    for (Dated dated : entries) {
      Entry entry = dated.entry;
      if (entry.sequence() > after && (caller.admin() || entry.isFor(caller))) {
        Happening.Builder happening =
            Happening.newBuilder().setSequence(entry.sequence()).setTimeMillis(dated.millis);
        entry.tell(happening);
        told.add(happening.build());
      }
    }
    return told;
  }
}
