package ringfence.router.routing;

import java.util.List;

/// Where an attempt runs, or why nowhere; with a verdict on every target.
public sealed interface Placement {

  /// One for each target, in the order in which the targets were given.
  List<Verdict> verdicts();

  /// The attempt runs on that target.
  ///
  /// @param decidedBy what made the choice: the scorer, `only-target`, `prefix-cache`, `overflow`
  ///   (every nearer target misses the objective) or `least-late` (all targets miss it)
  /// @param firstTokenMillis predicted
  /// @param predictedMillis to the answer's end
  record Placed(
      TargetView target,
      String decidedBy,
      double firstTokenMillis,
      double predictedMillis,
      List<Verdict> verdicts)
      implements Placement {}

  /// No target that exists may and can run it.
  ///
  /// @param retryAfterMillis when the nearest room is predicted; 0: unknown
  record Refused(Reason reason, long retryAfterMillis, List<Verdict> verdicts)
      implements Placement {}

  /// Why there is no target.
  enum Reason {
    NO_TARGET_IN_ZONE,
    UNKNOWN_MODEL,
    UNKNOWN_OPTION,
    RESUME_MISMATCH,
    CONTEXT_LENGTH_EXCEEDED,
    NO_CAPACITY
  }

  /// What was decided about one target, and by which screen, filter or scorer.
  ///
  /// @param predictedMillis to the answer's end; 0: not scored
  record Verdict(TargetView target, String decidedBy, String explanation, double predictedMillis) {}
}
