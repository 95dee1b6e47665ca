package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// Italy's codice fiscale: letters of the name, a date, a place and a check letter.
public final class ItalianFiscalCode implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  private static final String MONTHS = "ABCDEHLMPRST";
  private static final int[] ODD = {
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23
  };
  private static final String SHAPE = "AAAAAA00A00A000A";

  /// Where two people would share a code, letters stand for digits.
  private static final String FOR_DIGITS = "LMNPQRSTUV";

  @Override
  public boolean matchesAt(Text text, int start) {
    char first = text.at(start);
    if (first >= '0' && first <= '9') {
      return false;
    }
    char[] code = new char[16];
    int end = text.compact(start, code);
    if (end < 0 || text.isWordAt(end)) {
      return false;
    }
    int sum = 0;
    for (int i = 0; i < 16; i++) {
      boolean digit = code[i] <= '9';
      boolean fits = SHAPE.charAt(i) == 'A' ? !digit : digit || FOR_DIGITS.indexOf(code[i]) >= 0;
      if (!fits) {
        return false;
      }
      int value = digit ? code[i] - '0' : code[i] - 'A';
      if (i < 15) {
        sum += i % 2 == 0 ? ODD[value] : value;
      }
    }
    return MONTHS.indexOf(code[8]) >= 0 && code[15] == 'A' + sum % 26;
  }
}
