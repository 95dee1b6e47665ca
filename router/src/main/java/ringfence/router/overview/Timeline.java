package ringfence.router.overview;

import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Happening;
import ringfence.proto.v1.Happening.AttemptOver;
import ringfence.proto.v1.Happening.AttemptPlaced;
import ringfence.proto.v1.Happening.NodeChanged;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.policy.Caller;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// The latest placements and changes of nodes, in memory: names, counts and reasons, no content.
/// Safe for use by many threads.
public final class Timeline {
  /// That are remembered; the oldest go first.
  static final int MOST = 512;

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
    entries.addLast(new Dated(clock.millis(), entry));
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
