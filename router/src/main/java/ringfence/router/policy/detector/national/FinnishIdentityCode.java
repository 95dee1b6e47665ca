package ringfence.router.policy.detector.national;

import ringfence.router.policy.detector.Checks;
import ringfence.router.policy.detector.CodeDetector;
import ringfence.router.policy.detector.Text;

/// Finland's henkilötunnus: a date, a sign for the century, three digits and a check character.
public final class FinnishIdentityCode implements CodeDetector {

  @Override
  public String name() {
    return NationalNumber.NAME;
  }

  private static final String CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  private static final String CENTURIES = "+-YXWVUABCDEF";

  @Override
  public boolean matchesAt(Text text, int start) {
    long number = 0;
    for (int i = 0; i < 10; i++) {
      char c = text.at(start + i);
      if (i == 6) {
        if (c == 0 || CENTURIES.indexOf(Character.toUpperCase(c)) < 0) {
          return false;
        }
        continue;
      }
      if (c < '0' || c > '9') {
        return false;
      }
      number = number * 10 + c - '0';
    }
    char check = Character.toUpperCase(text.at(start + 10));
    return CHECK.charAt((int) (number % 31)) == check
        && !text.isWordAt(start + 11)
        && Checks.isDate(number / 1_000 % 100, number / 100_000 % 100, number / 10_000_000);
  }
}
