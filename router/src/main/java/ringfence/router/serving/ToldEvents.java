package ringfence.router.serving;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import ringfence.proto.v1.AttemptEndedEvent;
import ringfence.proto.v1.Departure;
import ringfence.proto.v1.EgressEvent;
import ringfence.proto.v1.Event;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.NodeStateEvent;
import ringfence.proto.v1.NodeStateEvent.Change;
import ringfence.proto.v1.PlacementEvent;
import ringfence.router.WireZones;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.egress.Exit;
import ringfence.router.events.Outbox;
import ringfence.router.ledger.LedgerReceipt;
import ringfence.router.routing.Placement.Placed;
import ringfence.router.routing.TargetView;

/// Puts what the router does into its outbox.
final class ToldEvents implements Exit.Witness {
  private final Outbox outbox;

  ToldEvents(Outbox outbox) {
    this.outbox = outbox;
  }

  @Override
  public CompletableFuture<Void> leaving(LedgerReceipt receipt) {
    String refusal = outbox.refusal();
    if (refusal != null) {
      return CompletableFuture.failedFuture(new IllegalStateException(refusal));
    }
    Departure departure = receipt.departure();
    return outbox
        .owe(
            Event.newBuilder()
                .setEgress(
                    EgressEvent.newBuilder()
                        .setRequestId(departure.getRequestId())
                        .setAttempt(departure.getAttempt())
                        .setTenant(departure.getTenant())
                        .setTarget(departure.getTarget())
                        .setZone(departure.getZone())
                        .setFarthestZone(departure.getLabel().getFarthestZone())
                        .setByteCount(departure.getByteCount())
                        .setPolicyVersion(departure.getPolicyVersion())
                        .setLedgerSequence(receipt.sequence())))
        .orTimeout(outbox.waitLimit().toNanos(), TimeUnit.NANOSECONDS);
  }

  void attemptBegun(AttemptFacts facts) {
    Placed placed = facts.placed();
    outbox.tell(
        Event.newBuilder()
            .setPlacement(
                PlacementEvent.newBuilder()
                    .setRequestId(facts.requestId())
                    .setTenant(facts.tenant())
                    .setModel(facts.model())
                    .setAttempt(facts.attempt())
                    .setTarget(placed.target().name())
                    .setZone(WireZones.toWire(placed.target().zone()))
                    .setDecidedBy(placed.decidedBy())
                    .setLookedAt(placed.verdicts().size())
                    .setPredictedMillis(placed.predictedMillis())));
  }

  void attemptEnded(AttemptFacts facts, Failure.Reason reason) {
    if (reason != Failure.Reason.REASON_UNSPECIFIED) {
      outbox.tell(
          Event.newBuilder()
              .setAttemptEnded(
                  AttemptEndedEvent.newBuilder()
                      .setRequestId(facts.requestId())
                      .setTenant(facts.tenant())
                      .setAttempt(facts.attempt())
                      .setTarget(facts.placed().target().name())
                      .setZone(WireZones.toWire(facts.placed().target().zone()))
                      .setReason(reason)));
    }
  }

  void node(TargetView node, Change change, String cause) {
    outbox.tell(
        Event.newBuilder()
            .setNodeState(
                NodeStateEvent.newBuilder()
                    .setNode(node.name())
                    .setIncarnation(node.incarnation())
                    .setZone(WireZones.toWire(node.zone()))
                    .setChange(change)
                    .setCause(cause)
                    .addAllModels(node.models().keySet().stream().sorted().toList())));
  }
}
