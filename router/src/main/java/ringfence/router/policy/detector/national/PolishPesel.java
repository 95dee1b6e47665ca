package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// Poland's PESEL: a date whose month tells the century, and a check digit.
public final class PolishPesel extends NationalNumber {
  public PolishPesel() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    long month = n.value(2, 2) % 20;
    int sum = Checks.weighted(n, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3);
    return (10 - sum % 10) % 10 == n.digit(10)
        && Checks.isDate(n.value(0, 2), month, n.value(4, 2))
        && isWritten(n, 6, 5);
  }
}
