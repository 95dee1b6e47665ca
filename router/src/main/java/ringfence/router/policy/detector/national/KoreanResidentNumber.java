package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.Keywords;
import ringfence.router.policy.detector.NumberWindow;

/// South Korea's resident registration number: a date, a century, a serial number. Those given
/// since 2020 have no check digit.
public final class KoreanResidentNumber extends NationalNumber {
  private static final Keywords NAMES =
      Keywords.of("주민등록번호", "주민번호", "rrn", "resident registration number");

  public KoreanResidentNumber() {
    super(13, 13);
  }

  @Override
  public boolean matches(NumberWindow n) {
    return n.digit(6) >= 1
        && n.digit(6) <= 8
        && Checks.isDate(n.value(0, 2), n.value(2, 2), n.value(4, 2))
        && (n.isGrouped(6, 7) || n.isNear(NAMES));
  }
}
