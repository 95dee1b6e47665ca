package ringfence.gateway.openai;

/// `system_fingerprint`: the beginning of the model's digest. Two answers with one fingerprint, one
/// seed and the same parameters come from the same weights.
final class Fingerprint {
  private static final int LENGTH = 12;

  private Fingerprint() {}

  /// `fp_` and the digest's first hexadecimal digits; empty for an empty digest.
  static String of(String modelDigest) {
    String hex = modelDigest.substring(modelDigest.indexOf(':') + 1);
    return hex.isEmpty() ? "" : "fp_" + hex.substring(0, Math.min(LENGTH, hex.length()));
  }
}
