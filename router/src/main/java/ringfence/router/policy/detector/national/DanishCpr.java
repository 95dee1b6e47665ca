package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// Denmark's CPR number: a date and a serial number; its old check does not hold for new ones.
public final class DanishCpr extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of("cpr", "cpr-nummer", "cpr-nr", "cpr nr", "personnummer");

  public DanishCpr() {
    super(10, 10);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return Checks.isDate(n.value(4, 2), n.value(2, 2), n.value(0, 2))
        && ((n.isGrouped(6, 4) && n.separator() == '-') || n.isNear(NAMES));
  }
}
