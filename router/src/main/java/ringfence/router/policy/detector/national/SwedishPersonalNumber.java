package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// Sweden's personal number: a date (coordination numbers add 60 to the day), three digits, Luhn's
/// check over the last ten.
public final class SwedishPersonalNumber extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of(
          "personnummer",
          "personnr",
          "personal identity number",
          "samordningsnummer",
          "swedish id");

  public SwedishPersonalNumber() {
    super(10, 12);
  }

  @Override
  public boolean matches(NumberWindow n) {
    int from = n.count() - 10;
    if (n.count() == 11 || !isWritten(n)) {
      return false;
    }
    long day = n.value(from + 4, 2);
    return Checks.luhn(n, from, 10)
        && Checks.isDate(n.value(from, 2), n.value(from + 2, 2), day > 60 ? day - 60 : day)
        && (from == 0 || (n.value(0, 2) >= 18 && n.value(0, 2) <= 20));
  }

  private static boolean isWritten(NumberWindow n) {
    return (n.count() == 12 && n.isOneRun())
        || n.isGrouped(6, 4)
        || n.isGrouped(8, 4)
        || n.isNear(NAMES);
  }
}
