package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// Norway's birth number: a date (D numbers add 40 to the day) and two check digits.
public final class NorwegianNumber extends NationalNumber {
  public NorwegianNumber() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    int first = (11 - Checks.weighted(n, 3, 7, 6, 1, 8, 9, 4, 5, 2) % 11) % 11;
    int second = (11 - Checks.weighted(n, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11) % 11;
    long day = n.value(0, 2);
    return isWritten(n, 6, 5)
        && first == n.digit(9)
        && second == n.digit(10)
        && Checks.isDate(n.value(4, 2), n.value(2, 2), day > 40 ? day - 40 : day);
  }
}
