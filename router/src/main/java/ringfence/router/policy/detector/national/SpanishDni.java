package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// Spain's DNI and NIE: seven or eight digits and the letter that their rest of 23 picks.
public final class SpanishDni implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  private static final String LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";

  @Override
  public boolean matchesAt(Text text, int start) {
    char first = text.at(start);
    if ((first < '0' || first > '9') && "xyzXYZ".indexOf(first) < 0) {
      return false;
    }
    char[] code = new char[9];
    int end = text.compact(start, code);
    if (end < 0 || text.isWordAt(end)) {
      return false;
    }
    int number =
        switch (code[0]) {
          case 'X' -> 0;
          case 'Y' -> 1;
          case 'Z' -> 2;
          default -> code[0] >= '0' && code[0] <= '9' ? code[0] - '0' : -1;
        };
    for (int i = 1; i < 8; i++) {
      if (number < 0 || code[i] > '9') {
        return false;
      }
      number = number * 10 + code[i] - '0';
    }
    return LETTERS.charAt(number % 23) == code[8];
  }
}
