package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.NumberWindow;

/// Belgium's national register number: a date, a serial number, and 97 less the rest of both.
public final class BelgianNationalNumber extends NationalNumber {
  public BelgianNationalNumber() {
    super(11, 11);
  }

  @Override
  public boolean matches(NumberWindow n) {
    long body = n.value(0, 9);
    long check = n.value(9, 2);
    boolean passes = check == 97 - body % 97 || check == 97 - (2_000_000_000L + body) % 97;
    boolean written = n.isOneRun() || n.isAlone();
    return passes && written && Checks.isDate(n.value(0, 2), n.value(2, 2), n.value(4, 2));
  }
}
