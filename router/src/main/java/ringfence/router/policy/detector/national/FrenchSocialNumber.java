package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// France's NIR: sex, year, month, place (2A and 2B for Corsica), serial number, and 97 less the
/// rest.
public final class FrenchSocialNumber implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  @Override
  public boolean matchesAt(Text text, int start) {
    char first = text.at(start);
    if (first < '1' || first > '8') {
      return false;
    }
    char[] code = new char[15];
    int end = text.compact(start, code);
    if (end < 0 || text.isWordAt(end) || first == '5' || first == '6') {
      return false;
    }
    long number = 0;
    for (int i = 0; i < 13; i++) {
      int digit = code[i] - '0';
      if (i == 6 && code[5] == '2' && (code[i] == 'A' || code[i] == 'B')) {
        // The place is 2A or 2B, which count as 19 and 18: the 2 before has become a 1.
        number = (number - 1) * 10 + (code[i] == 'A' ? 9 : 8);
      } else if (digit > 9) {
        return false;
      } else {
        number = number * 10 + digit;
      }
    }
    int month = (code[3] - '0') * 10 + code[4] - '0';
    boolean isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
    return isMonth
        && code[13] <= '9'
        && code[14] <= '9'
        && 97 - number % 97 == (code[13] - '0') * 10 + code[14] - '0';
  }
}
