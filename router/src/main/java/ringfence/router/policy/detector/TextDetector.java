package ringfence.router.policy.detector;

/// Looks at a text as a whole.
public non-sealed interface TextDetector extends Detector {

  /// A character without which a text can't hold what it looks for; 0: there is none.
  char needs();

  /// Whether the text holds one.
  boolean finds(Text text);
}
