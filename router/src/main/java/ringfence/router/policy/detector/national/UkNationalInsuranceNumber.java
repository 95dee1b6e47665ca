package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// The United Kingdom's national insurance number: two letters of which some are never given, six
/// digits, A to D.
public final class UkNationalInsuranceNumber implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  @Override
  public boolean matchesAt(Text text, int start) {
    char[] code = new char[9];
    int end = text.compact(start, code);
    if (end < 0 || text.isWordAt(end) || code[8] < 'A' || code[8] > 'D') {
      return false;
    }
    for (int i = 2; i < 8; i++) {
      if (code[i] > '9') {
        return false;
      }
    }
    String prefix = new String(code, 0, 2);
    return "ABCEGHJKLMNOPRSTWXYZ".indexOf(code[0]) >= 0
        && "ABCEGHJKLMNPRSTWXYZ".indexOf(code[1]) >= 0
        && switch (prefix) {
          case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ" -> false;
          default -> true;
        };
  }
}
