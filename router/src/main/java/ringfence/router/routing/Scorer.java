package ringfence.router.routing;

/// How good a target is for a request.
public interface Scorer {

  /// Machine-readable name, for verdicts.
  String name();

  /// What to expect of a target that has passed all screens and filters.
  Prediction predict(PlacementRequest request, TargetView target);

  /// Predicted times in milliseconds, finite and above 0; less is better.
  ///
  /// @param firstTokenMillis to the first token
  /// @param finishMillis to the answer's end
  record Prediction(double firstTokenMillis, double finishMillis) {}
}
