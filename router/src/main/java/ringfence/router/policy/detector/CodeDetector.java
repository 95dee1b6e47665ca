package ringfence.router.policy.detector;

/// Knows codes of letters and digits. It is asked at the beginning of each word that holds a digit,
/// and of short words that a digit follows.
public non-sealed interface CodeDetector extends Detector {

  /// Whether such a code begins there.
  boolean matchesAt(Text text, int start);
}
