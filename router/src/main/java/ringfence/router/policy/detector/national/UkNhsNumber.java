package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// The NHS number of England and Wales: every eleventh number passes its check, so it counts only
/// beside its name.
public final class UkNhsNumber extends NationalNumber {
  private static final Keywords NAMES = Keywords.of("nhs", "nhs number", "nhs no", "nhs-number");

  public UkNhsNumber() {
    super(10, 10);
  }

  @Override
  public boolean matches(NumberWindow n) {
    int check = (11 - Checks.weighted(n, 10, 9, 8, 7, 6, 5, 4, 3, 2) % 11) % 11;
    return check == n.digit(9) && !Checks.isOneDigit(n) && n.isNear(NAMES);
  }
}
