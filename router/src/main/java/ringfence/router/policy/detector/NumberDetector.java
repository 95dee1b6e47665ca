package ringfence.router.policy.detector;

/// Knows numbers that consist of digits alone, however they are grouped.
public non-sealed interface NumberDetector extends Detector {

  /// The fewest digits that it can be.
  int minDigits();

  /// The most, at most [NumberWindow#MAX_DIGITS].
  int maxDigits();

  /// Whether that is one.
  boolean matches(NumberWindow number);
}
