package ringfence.router.policy.detector;

import java.util.List;

/// Knows secrets by how they begin and what they are made of.
public non-sealed interface TokenDetector extends Detector {

  /// The shapes; each is looked for at the beginning of every word.
  List<TokenShape> shapes();
}
