package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// Australia's tax file number: every eleventh number passes its check, so it counts only beside
/// its name.
public final class AustralianTaxFileNumber extends NationalNumber {
  private static final Keywords NAMES = Keywords.of("tfn", "tax file number");

  public AustralianTaxFileNumber() {
    super(9, 9);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return Checks.weighted(n, 1, 4, 3, 7, 5, 8, 6, 9, 10) % 11 == 0
        && !Checks.isOneDigit(n)
        && n.isNear(NAMES);
  }
}
