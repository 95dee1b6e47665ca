package ringfence.router.policy.detector;

import java.time.DateTimeException;
import java.time.LocalDate;

/// Arithmetic that several detectors share.
public final class Checks {
  private Checks() {}

  /// Luhn's check over so many digits (ISO/IEC 7812-1).
  public static boolean luhn(NumberWindow number, int from, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      int digit = number.digit(from + count - 1 - i);
      if (i % 2 == 1) {
        digit *= 2;
        if (digit > 9) {
          digit -= 9;
        }
      }
      sum += digit;
    }
    return sum % 10 == 0;
  }

  /// The sum of the first digits times the weights.
  public static int weighted(NumberWindow number, int... weights) {
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += weights[i] * number.digit(i);
    }
    return sum;
  }

  /// Whether there is such a day in any century.
  public static boolean isDate(long twoDigitYear, long month, long day) {
    return isDay(2000 + twoDigitYear % 100, month, day)
        || isDay(1900 + twoDigitYear % 100, month, day);
  }

  /// Whether there is such a day.
  public static boolean isDay(long year, long month, long day) {
    if (month < 1 || month > 12 || day < 1 || day > 31) {
      return false;
    }
    try {
      return LocalDate.of((int) year, (int) month, (int) day).getDayOfMonth() == day;
    } catch (DateTimeException none) {
      return false;
    }
  }

  /// Whether all digits are the same: no number that is given to anybody.
  public static boolean isOneDigit(NumberWindow number) {
    for (int i = 1; i < number.count(); i++) {
      if (number.digit(i) != number.digit(0)) {
        return false;
      }
    }
    return true;
  }
}
