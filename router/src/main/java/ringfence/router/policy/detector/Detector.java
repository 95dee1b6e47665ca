package ringfence.router.policy.detector;

/// Knows one kind of thing that must not go far. It has no state and can be asked by any thread.
public sealed interface Detector permits NumberDetector, CodeDetector, TokenDetector, TextDetector {

  /// What it detects, for policy files, reasons and metrics: lower case with hyphens. Several
  /// detectors may share a name: together they are one kind.
  String name();
}
