package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// China's resident identity number: a place, a date, a serial number and a check character (ISO
/// 7064 MOD 11-2).
public final class ChineseResidentNumber implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  private static final String CHECK = "10X98765432";

  @Override
  public boolean matchesAt(Text text, int start) {
    char first = text.at(start);
    if (first < '1' || first > '8') {
      return false;
    }
    char[] code = new char[18];
    int end = text.compact(start, code);
    if (end < 0 || text.isWordAt(end)) {
      return false;
    }
    int sum = 0;
    int weight = 1;
    for (int i = 16; i >= 0; i--) {
      if (code[i] > '9') {
        return false;
      }
      weight = weight * 2 % 11;
      sum += (code[i] - '0') * weight;
    }
    return CHECK.charAt(sum % 11) == code[17]
        && Checks.isDay(number(code, 6, 4), number(code, 10, 2), number(code, 12, 2))
        && number(code, 6, 4) >= 1880
        && number(code, 6, 4) <= 2100;
  }

  private static long number(char[] code, int from, int count) {
    return Long.parseLong(new String(code, from, count));
  }
}
