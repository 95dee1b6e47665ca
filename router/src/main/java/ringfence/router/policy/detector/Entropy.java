package ringfence.router.policy.detector;

/// How much a string looks drawn at random.
final class Entropy {
  private static final int ASCII = 128;

  private Entropy() {}

  /// Shannon's entropy of the characters' frequencies in bits; what is not ASCII counts as one
  /// character.
  static double bitsPerCharacter(String text, int from, int to) {
    int[] counts = new int[ASCII];
    for (int i = from; i < to; i++) {
      counts[Math.min(text.charAt(i), ASCII - 1)]++;
    }
    double length = to - from;
    double bits = 0;
    for (int count : counts) {
      if (count > 0) {
        double share = count / length;
        bits -= share * Math.log(share);
      }
    }
    return bits / Math.log(2);
  }
}
