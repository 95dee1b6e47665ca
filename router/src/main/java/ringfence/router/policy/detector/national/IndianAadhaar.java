package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// India's Aadhaar: Verhoeff's check; in three groups of four or beside its name.
public final class IndianAadhaar extends NationalNumber {
  private static final Keywords NAMES = Keywords.of("aadhaar", "aadhar", "uidai", "uid");

  public IndianAadhaar() {
    super(12, 12);
  }

  @Override
  public boolean matches(NumberWindow n) {
    if (n.digit(0) < 2 || !((n.isAlone() && n.isGrouped(4, 4, 4)) || n.isNear(NAMES))) {
      return false;
    }
    int check = 0;
    for (int i = 0; i < 12; i++) {
      check = product(check, permuted(n.digit(11 - i), i));
    }
    return check == 0;
  }

  /// The product in the dihedral group of ten elements.
  private static int product(int a, int b) {
    if (a < 5) {
      return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    }
    return b < 5 ? 5 + (a - b + 5) % 5 : (a - b + 5) % 5;
  }

  private static int permuted(int digit, int times) {
    int permuted = digit;
    for (int i = 0; i < times % 8; i++) {
      permuted = PERMUTATION[permuted];
    }
    return permuted;
  }

  private static final int[] PERMUTATION = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
}
