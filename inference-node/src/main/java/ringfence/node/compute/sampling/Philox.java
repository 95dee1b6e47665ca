package ringfence.node.compute.sampling;

/// Philox 4x32-10, a random function of a counter: Salmon, Moraes, Dror and Shaw, "Parallel Random
/// Numbers: As Easy as 1, 2, 3", SC 2011. It has no state to lose or to resume.
final class Philox {
  private static final int ROUNDS = 10;
  private static final long MULTIPLIER_0 = 0xD2511F53L;
  private static final long MULTIPLIER_1 = 0xCD9E8D57L;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final long WORD = 0xFFFFFFFFL;

  private Philox() {}

  /// Replaces a counter of four words by four random words.
  ///
  /// @param words `[4]`
  /// @param key the low 32 bits are the first word of the key
  static void apply(int[] words, long key) {
    int key0 = (int) key;
    int key1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = MULTIPLIER_0 * (words[0] & WORD);
      long product1 = MULTIPLIER_1 * (words[2] & WORD);
      words[0] = (int) (product1 >>> 32) ^ words[1] ^ key0;
      words[1] = (int) product1;
      words[2] = (int) (product0 >>> 32) ^ words[3] ^ key1;
      words[3] = (int) product0;
      key0 += WEYL_0;
      key1 += WEYL_1;
    }
  }

  /// A double in `[0, 1)` from the first two words: 53 bits, evenly spaced.
  static double uniform(int[] words) {
    long bits = ((words[0] & WORD) << 21) | ((words[1] & WORD) >>> 11);
    return bits * 0x1p-53;
  }
}
