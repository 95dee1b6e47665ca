package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// Turkey's identity number: two check digits.
public final class TurkishIdentityNumber extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of("tc kimlik", "kimlik no", "t.c. kimlik", "tckn");

  public TurkishIdentityNumber() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    int odd = n.digit(0) + n.digit(2) + n.digit(4) + n.digit(6) + n.digit(8);
    int even = n.digit(1) + n.digit(3) + n.digit(5) + n.digit(7);
    return n.digit(0) != 0
        && Math.floorMod(odd * 7 - even, 10) == n.digit(9)
        && (odd + even + n.digit(9)) % 10 == n.digit(10)
        && (isWritten(n) || n.isNear(NAMES));
  }
}
