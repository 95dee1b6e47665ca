package ringfence.router.policy.detector;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import java.util.List;

/// Phone numbers that exist, after libphonenumber: with a country's prefix, or written as people of
/// some countries write them, or beside a word that says what they are.
final class PhoneDetector implements NumberDetector {
  private static final PhoneNumberUtil NUMBERS = PhoneNumberUtil.getInstance();
  private static final List<String> REGIONS_WITH_ZERO =
      List.of("GB", "DE", "FR", "IT", "NL", "JP", "AU", "CH", "AT", "BE", "SE", "IN");
  private static final List<String> REGIONS_WITHOUT =
      List.of("US", "ES", "PL", "PT", "NO", "DK", "BR", "CZ", "IN");
  private static final Keywords NAMES =
      Keywords.of(
          "phone",
          "tel",
          "telephone",
          "mobile",
          "cell",
          "call",
          "fax",
          "whatsapp",
          "sms",
          "telefon",
          "handy",
          "mobil",
          "téléphone",
          "portable",
          "teléfono",
          "móvil",
          "telefono",
          "cellulare",
          "telefoon",
          "telefone",
          "celular",
          "komórka",
          "rufnummer",
          "numéro",
          "reach me at",
          "dial",
          "電話",
          "电话",
          "전화");

  @Override
  public String name() {
    return "phone";
  }

  @Override
  public int minDigits() {
    return 7;
  }

  @Override
  public int maxDigits() {
    return 15;
  }

  @Override
  public boolean matches(NumberWindow number) {
    boolean international = number.follows('+');
    if (international) {
      return isValid(number, "ZZ");
    }
    if (isDate(number)) {
      return false;
    }
    boolean named = number.isNear(NAMES);
    if (!named && (number.isOneRun() || (!number.wholeChain && number.separator() == ' '))) {
      return false;
    }
    if (number.digit(0) == 0) {
      return (named || isGroupedAsDialled(number)) && isValidIn(number, REGIONS_WITH_ZERO);
    }
    boolean american = number.isGrouped(3, 3, 4) || isBracketed(number);
    if ((american && number.count() == 10)
        || (number.groups > 1
            && number.digit(0) == 1
            && number.count() == 11
            && number.sizes[0] == 1
            && number.sizes[1] == 3)) {
      return isValid(number, "US");
    }
    return named && (number.groups <= 5) && isValidIn(number, REGIONS_WITHOUT);
  }

  /// An area's code of two to five digits and the rest in groups, and nothing beside it.
  private static boolean isGroupedAsDialled(NumberWindow number) {
    return number.wholeChain
        && number.uniformSeparator
        && number.count() >= 9
        && number.groups <= 6
        && number.sizes[0] >= 2
        && number.sizes[0] <= 5;
  }

  private static boolean isBracketed(NumberWindow number) {
    return number.groups == 3
        && number.sizes[0] == 3
        && number.sizes[1] == 3
        && number.follows('(');
  }

  /// Days are grouped as numbers of some countries are.
  private static boolean isDate(NumberWindow number) {
    int[] sizes = number.sizes;
    return number.groups >= 3
        && ((sizes[0] == 4 && sizes[1] == 2 && sizes[2] == 2)
            || (sizes[0] <= 2 && sizes[1] <= 2 && sizes[2] == 4));
  }

  private static boolean isValidIn(NumberWindow number, List<String> regions) {
    for (String region : regions) {
      if (isValid(number, region)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isValid(NumberWindow number, String region) {
    int from = number.start;
    if (number.follows('+')) {
      from--;
    }
    String written = number.text.value().substring(from, number.end).replace('_', ' ');
    try {
      return NUMBERS.isValidNumber(NUMBERS.parse(written, region));
    } catch (NumberParseException notANumber) {
      return false;
    }
  }
}
