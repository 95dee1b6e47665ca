package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// South Africa's identity number: a date, a serial number, citizenship, Luhn's check.
public final class SouthAfricanId extends NationalNumber {
  public SouthAfricanId() {
    super(13, 13);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return n.digit(10) <= 2
        && Checks.luhn(n, 0, 13)
        && Checks.isDate(n.value(0, 2), n.value(2, 2), n.value(4, 2))
        && isWritten(n, 6, 4, 3);
  }
}
