package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// The Netherlands' BSN: every eleventh number passes its check, so it counts only beside its name.
public final class DutchCitizenNumber extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of(
          "bsn", "burgerservicenummer", "sofinummer", "sofi-nummer", "sofi", "persoonsnummer");

  public DutchCitizenNumber() {
    super(9, 9);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return Checks.weighted(n, 9, 8, 7, 6, 5, 4, 3, 2, -1) % 11 == 0
        && !Checks.isOneDigit(n)
        && n.isNear(NAMES);
  }
}
