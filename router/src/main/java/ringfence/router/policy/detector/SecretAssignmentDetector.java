package ringfence.router.policy.detector;

/// A value that looks drawn at random beside a name that says it is secret, as in `api_key =
/// "..."`, `"password": "..."`, `Authorization: Bearer ...` or `my password is: ...`.
final class SecretAssignmentDetector implements TextDetector {
  private static final String[] NAMES = {
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
    "account_key",
    "accountkey",
    "private_key",
    "auth_key",
    "credential",
    "bearer ",
    "passphrase",
    "client_key",
    "encryption_key",
    "signing_key",
    "pwd"
  };

  /// What people write instead of an assignment's sign.
  private static final String[] VERBS = {"is", "was"};

  private static final int LEAST_PASSWORD = 8;
  private static final int LEAST_TOKEN = 16;
  private static final double PASSWORD_BITS = 2.5;
  private static final double TOKEN_BITS = 3.2;
  private static final int MAX_VALUE = 4_096;

  @Override
  public String name() {
    return "password";
  }

  @Override
  public char needs() {
    return 0;
  }

  @Override
  public boolean finds(Text text) {
    String lower = text.lowerCase();
    for (String name : NAMES) {
      for (int at = lower.indexOf(name); at >= 0; at = lower.indexOf(name, at + 1)) {
        if (isAssigned(text, at + name.length(), name)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isAssigned(Text text, int from, String name) {
    int at = from;
    boolean sign = name.equals("bearer ");
    // The name may go on (`token_prod`), then quotes, an assignment's sign and quotes again.
    while (!sign
        && at - from < 24
        && (text.isWordAt(at) || text.at(at) == '_' || text.at(at) == '-')) {
      at++;
    }
    int afterVerb = afterVerb(text, at);
    sign |= afterVerb > at;
    at = afterVerb;
    int limit = at + 12;
    while (at < limit) {
      char c = text.at(at);
      if (c == ':' || c == '=' || c == '>') {
        sign = true;
      } else if (c != ' ' && c != '"' && c != '\'' && c != '`' && c != '\\') {
        break;
      }
      at++;
    }
    return sign && isSecret(text, at, name);
  }

  /// Where a value may begin when a verb comes next; `from`: none does.
  private static int afterVerb(Text text, int from) {
    int at = from;
    while (at - from < 3 && (text.at(at) == ' ' || text.at(at) == '"' || text.at(at) == '\'')) {
      at++;
    }
    for (String verb : VERBS) {
      int end = at + verb.length();
      if (at > from
          && text.value().regionMatches(true, at, verb, 0, verb.length())
          && (text.at(end) == ' ' || text.at(end) == ':')) {
        return end;
      }
    }
    return from;
  }

  private static boolean isSecret(Text text, int from, String name) {
    int end = from;
    boolean digit = false;
    boolean letter = false;
    boolean lowerCase = false;
    boolean upperCase = false;
    boolean other = false;
    while (end - from < MAX_VALUE) {
      char c = text.at(end);
      if (c <= ' ' || c == '"' || c == '\'' || c == '`' || c == ',' || c == ';' || c == '<'
          || c == ')' || c == '(' || c == '&' || c > 0x7e) {
        break;
      }
      digit |= Text.isDigit(c);
      letter |= Text.isLetter(c);
      lowerCase |= c >= 'a' && c <= 'z';
      upperCase |= c >= 'A' && c <= 'Z';
      other |= "!@#$%^*?+/=~".indexOf(c) >= 0;
      end++;
    }
    while (end > from && (text.at(end - 1) == '.' || text.at(end - 1) == '\\')) {
      end--;
    }
    int length = end - from;
    String value = text.value();
    char first = text.at(from);
    // `$VARIABLE`, `{{template}}`, `<placeholder>` and `os.environ[...]` hold none.
    if (first == '$'
        || first == '{'
        || first == '['
        || first == '%'
        || value.startsWith("os.", from)) {
      return false;
    }
    int kinds = (digit ? 1 : 0) + (lowerCase ? 1 : 0) + (upperCase ? 1 : 0) + (other ? 1 : 0);
    double bits = Entropy.bitsPerCharacter(value, from, end);
    boolean password =
        name.startsWith("pass")
            || name.equals("pwd")
            || name.startsWith("secret")
            || name.startsWith("credential");
    return (password && length >= LEAST_PASSWORD && kinds >= 3 && bits >= PASSWORD_BITS)
        || (length >= LEAST_TOKEN && digit && letter && bits >= TOKEN_BITS);
  }
}
