package ringfence.router.dispatch;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.Failures;
import ringfence.router.routing.Placement;
import ringfence.router.routing.Placement.Refused;
import ringfence.router.routing.TargetView;
import ringfence.router.routing.Zone;

/// A refused placement as the failure that the client is told.
final class Refusals {
  private static final int MAX_NAMES = 32;
  private static final long RETRY_MILLIS = 1_000;

  /// Verdicts that no waiting changes.
  private static final Set<String> OUT_OF_QUESTION = Set.of("zone", "model", "option", "context");

  private Refusals() {}

  static Failure of(Refused refused, Zone farthestZone, List<TargetView> targets) {
    return switch (refused.reason()) {
      case NO_TARGET_IN_ZONE ->
          Failures.of(
              Reason.NO_TARGET_IN_ZONE,
              "no node that serves the model is in the zone "
                  + farthestZone.name().toLowerCase(Locale.ROOT)
                  + " or nearer");
      case UNKNOWN_MODEL ->
          Failures.of(Reason.UNKNOWN_MODEL, "no such model; " + available(farthestZone, targets))
              .toBuilder()
              .setParameter("model")
              .build();
      case UNKNOWN_OPTION ->
          Failures.of(
              Reason.INVALID_REQUEST,
              "no target that may serve the model can do that: " + option(refused));
      case RESUME_MISMATCH ->
          Failures.of(
              Reason.TARGET_LOST,
              "the node was lost, and no other can go on with the answer exactly");
      case CONTEXT_LENGTH_EXCEEDED ->
          Failures.of(
                  Reason.CONTEXT_LENGTH_EXCEEDED, "the prompt is longer than the model's context")
              .toBuilder()
              .setParameter("messages")
              .build();
      case NO_CAPACITY ->
          Failures.of(Reason.NO_CAPACITY, "no node has room for the request now; try again later")
              .toBuilder()
              .setRetryAfterMillis(refused.retryAfterMillis())
              .build();
    };
  }

  /// What is said to a request for which no room came.
  ///
  /// @param wait how its wait ended, or why it did not
  static Failure noRoom(Refused refused, Zone farthestZone, String wait) {
    Map<String, Long> counts =
        refused.verdicts().stream()
            .filter(verdict -> !OUT_OF_QUESTION.contains(verdict.decidedBy()))
            .collect(
                Collectors.groupingBy(
                    Placement.Verdict::explanation, TreeMap::new, Collectors.counting()));
    String why =
        counts.isEmpty()
            ? "none is there"
            : counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.joining(", "));
    return Failures.of(
            Reason.NO_CAPACITY,
            "no node in the zone "
                + farthestZone.name().toLowerCase(Locale.ROOT)
                + " or nearer has room for the request ("
                + why
                + "); "
                + wait)
        .toBuilder()
        .setRetryAfterMillis(refused.retryAfterMillis())
        .build();
  }

  /// What is said to a request that would have to take its turn, and can't even wait.
  ///
  /// @param wait why it can't
  static Failure othersWait(String wait) {
    return Failures.of(Reason.NO_CAPACITY, "others wait for a node already; " + wait).toBuilder()
        .setRetryAfterMillis(RETRY_MILLIS)
        .build();
  }

  /// What is said while it is not known yet which nodes there are.
  ///
  /// @param leftMillis until it is known
  /// @param wait how its wait ended, or why it did not
  static Failure notReported(long leftMillis, String wait) {
    return Failures.of(
            Reason.NO_CAPACITY,
            "the router has just started, and no node that may serve the request has reported yet; "
                + wait)
        .toBuilder()
        .setRetryAfterMillis(Math.max(RETRY_MILLIS, leftMillis))
        .build();
  }

  /// What is said when no further attempt can be made.
  ///
  /// @param last failure of an attempt; null: none has failed
  /// @param begun the client has heard a part of the answer
  static Failure givingUp(@Nullable Failure last, boolean begun, @Nullable Refused refused) {
    if (begun || last == null) {
      return Failures.of(
          Reason.TARGET_LOST,
          "the node was lost in mid-answer, and no other can go on with it exactly");
    }
    if (last.getReason() == Reason.NO_CAPACITY
        && last.getRetryAfterMillis() == 0
        && refused != null) {
      return last.toBuilder().setRetryAfterMillis(refused.retryAfterMillis()).build();
    }
    return last;
  }

  private static String option(Refused refused) {
    return refused.verdicts().stream()
        .filter(verdict -> verdict.decidedBy().equals("option"))
        .map(Placement.Verdict::explanation)
        .findFirst()
        .orElse("an option is not known");
  }

  private static String available(Zone farthestZone, List<TargetView> targets) {
    String names =
        targets.stream()
            .filter(target -> !target.zone().isFartherThan(farthestZone))
            .map(target -> target.models().keySet())
            .flatMap(Collection::stream)
            .distinct()
            .sorted()
            .limit(MAX_NAMES)
            .collect(Collectors.joining(", "));
    return names.isEmpty() ? "none is available" : "available: " + names;
  }
}
