package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// Canada's social insurance number: Luhn's check, which every tenth number passes; beside its
/// name, or with dashes.
public final class CanadianSin extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of(
          "sin",
          "social insurance number",
          "social insurance",
          "numéro d'assurance sociale",
          "nas");

  public CanadianSin() {
    super(9, 9);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return n.digit(0) != 0
        && n.digit(0) != 8
        && Checks.luhn(n, 0, 9)
        && ((n.isGrouped(3, 3, 3) && n.separator() == '-') || n.isNear(NAMES));
  }
}
