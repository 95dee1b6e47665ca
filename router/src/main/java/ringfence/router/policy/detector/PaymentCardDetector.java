package ringfence.router.policy.detector;

import org.apache.commons.validator.routines.CreditCardValidator;

/// Payment card numbers: the issuers' ranges and lengths, and Luhn's check.
final class PaymentCardDetector implements NumberDetector {
  private static final CreditCardValidator RANGES =
      new CreditCardValidator(
          new CreditCardValidator.CreditCardRange[] {
            range("4", 13, 13),
            range("4", 16, 16),
            range("4", 19, 19),
            range("51", "55", 16, 16),
            range("2221", "2720", 16, 16),
            range("34", 15, 15),
            range("37", 15, 15),
            range("6011", 16, 19),
            range("644", "649", 16, 19),
            range("65", 16, 19),
            range("300", "305", 14, 19),
            range("3095", 14, 19),
            range("36", 14, 19),
            range("38", "39", 14, 19),
            range("3528", "3589", 16, 19),
            range("62", 16, 19),
            range("81", 16, 19),
            range("50", 12, 19),
            range("56", "58", 12, 19),
            range("60", 16, 19),
            range("63", 12, 19),
            range("67", 12, 19),
            range("9792", 16, 16),
            range("2200", "2204", 16, 19)
          });

  private static CreditCardValidator.CreditCardRange range(String low, int least, int most) {
    return range(low, low, least, most);
  }

  private static CreditCardValidator.CreditCardRange range(
      String low, String high, int least, int most) {
    return new CreditCardValidator.CreditCardRange(low, high, least, most);
  }

  @Override
  public String name() {
    return "payment-card";
  }

  @Override
  public int minDigits() {
    return 13;
  }

  @Override
  public int maxDigits() {
    return 19;
  }

  @Override
  public boolean matches(NumberWindow number) {
    int first = number.digit(0);
    if (first < 2 || first == 7 || !isWritten(number) || !Checks.luhn(number, 0, number.count())) {
      return false;
    }
    char[] digits = new char[number.count()];
    for (int i = 0; i < digits.length; i++) {
      digits[i] = (char) ('0' + number.digit(i));
    }
    return !Checks.isOneDigit(number) && RANGES.isValid(new String(digits));
  }

  private static boolean isWritten(NumberWindow number) {
    return number.isOneRun()
        || number.isGroupedEvenly()
        || number.isGrouped(4, 6, 5)
        || number.isGrouped(4, 6, 4)
        || number.isGrouped(6, 13)
        || number.isGrouped(4, 4, 5);
  }
}
