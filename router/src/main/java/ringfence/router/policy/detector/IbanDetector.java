package ringfence.router.policy.detector;

import org.apache.commons.validator.routines.IBANValidator;

/// International bank account numbers: the country's length and form, and the check of ISO 7064 MOD
/// 97-10.
final class IbanDetector implements CodeDetector {
  private static final IBANValidator VALIDATOR = IBANValidator.getInstance();

  @Override
  public String name() {
    return "iban";
  }

  @Override
  public boolean matchesAt(Text text, int start) {
    if (!Text.isLetter(text.at(start)) || !Text.isLetter(text.at(start + 1))) {
      return false;
    }
    String country =
        String.valueOf(
            new char[] {
              Character.toUpperCase(text.at(start)), Character.toUpperCase(text.at(start + 1))
            });
    IBANValidator.Validator form = VALIDATOR.getValidator(country);
    if (form == null) {
      return false;
    }
    char[] code = new char[form.getIbanLength()];
    int end = text.compact(start, code);
    return end > 0
        && !text.isWordAt(end)
        && code[2] <= '9'
        && code[3] <= '9'
        && isMultipleOf97(code)
        && VALIDATOR.isValid(new String(code));
  }

  private static boolean isMultipleOf97(char[] code) {
    int rest = 0;
    for (int i = 0; i < code.length; i++) {
      char c = code[(i + 4) % code.length];
      rest = c <= '9' ? (rest * 10 + c - '0') % 97 : (rest * 100 + c - 'A' + 10) % 97;
    }
    return rest == 1;
  }
}
