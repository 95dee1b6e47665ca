package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// Switzerland's AHV number: 756 and a check digit as on goods (EAN-13).
public final class SwissSocialNumber extends NationalNumber {
  public SwissSocialNumber() {
    super(13, 13);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return n.value(0, 3) == 756
        && isWritten(n, 3, 4, 4, 2)
        && (10 - Checks.weighted(n, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3) % 10) % 10 == n.digit(12);
  }
}
