package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.NumberWindow;

/// Germany's tax identification number: ISO 7064 MOD 11,10; of its first ten digits exactly one
/// comes twice or three times.
public final class GermanTaxId extends NationalNumber {
  public GermanTaxId() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    if (n.digit(0) == 0 || !isWritten(n, 2, 3, 3, 3)) {
      return false;
    }
    int[] seen = new int[10];
    int product = 10;
    for (int i = 0; i < 10; i++) {
      seen[n.digit(i)]++;
      int sum = (n.digit(i) + product) % 10;
      product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    int repeated = 0;
    for (int count : seen) {
      if (count > 3) {
        return false;
      }
      repeated += count > 1 ? 1 : 0;
    }
    return repeated == 1 && (11 - product) % 10 == n.digit(10);
  }
}
