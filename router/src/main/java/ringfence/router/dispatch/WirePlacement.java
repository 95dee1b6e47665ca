package ringfence.router.dispatch;

import java.util.Comparator;
import java.util.List;
import ringfence.proto.v1.Verdict;
import ringfence.router.WireZones;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Placed;

/// A placement as the gateway is told of it.
final class WirePlacement {
  private static final int MAX_VERDICTS = 32;

  private WirePlacement() {}

  /// @param explains the client wants every verdict
  static ringfence.proto.v1.Placement of(int attempt, Placed placed, boolean explains) {
    return ringfence.proto.v1.Placement.newBuilder()
        .setAttempt(attempt)
        .setNode(placed.target().name())
        .setZone(WireZones.toWire(placed.target().zone()))
        .setReason(placed.decidedBy())
        .addAllVerdicts(explains ? verdicts(placed) : List.of())
        .build();
  }

  private static List<Verdict> verdicts(Placed placed) {
    return placed.verdicts().stream()
        .sorted(
            Comparator.comparing((Placement.Verdict verdict) ->
                    !verdict.target().name().equals(placed.target().name()))
                .thenComparing(verdict -> verdict.target().zone()))
        .limit(MAX_VERDICTS)
        .map(verdict ->
            Verdict.newBuilder()
                .setNode(verdict.target().name())
                .setZone(WireZones.toWire(verdict.target().zone()))
                .setDecidedBy(verdict.decidedBy())
                .setExplanation(verdict.explanation())
                .setPredictedMillis(verdict.predictedMillis())
                .build())
        .toList();
  }
}
