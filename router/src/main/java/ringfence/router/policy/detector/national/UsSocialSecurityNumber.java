package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// The social security number (and the taxpayer number of the same form) of the USA: no checksum,
/// but rules for each part. Without its usual grouping it counts only beside its name.
public final class UsSocialSecurityNumber extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of("ssn", "social security", "social security number", "itin", "taxpayer id", "tin");

  public UsSocialSecurityNumber() {
    super(9, 9);
  }

  @Override
  public boolean matches(NumberWindow n) {
    if (!n.isGrouped(3, 2, 4) && !n.isNear(NAMES)) {
      return false;
    }
    long area = n.value(0, 3);
    long group = n.value(3, 2);
    long serial = n.value(5, 4);
    if (area >= 900) {
      return group >= 50 && group != 66 && group != 89 && group != 93;
    }
    return area != 0 && area != 666 && group != 0 && serial != 0;
  }
}
