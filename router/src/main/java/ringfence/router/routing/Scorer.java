package ringfence.router.routing;

/// How good a target is for a request.
public interface Scorer {

  /// Machine-readable name, for verdicts.
  String name();

  /// A predicted time in milliseconds, finite and above 0; less is better. The target has passed
  /// all screens and filters.
  double millis(PlacementRequest request, TargetView target);
}
