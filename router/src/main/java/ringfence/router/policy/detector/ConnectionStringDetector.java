package ringfence.router.policy.detector;

/// Addresses with a password in them: `scheme://user:password@host`.
final class ConnectionStringDetector implements TextDetector {
  private static final int MAX_PART = 256;

  @Override
  public String name() {
    return "password";
  }

  @Override
  public char needs() {
    return '@';
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int at = value.indexOf("://"); at >= 0; at = value.indexOf("://", at + 1)) {
      int colon = -1;
      for (int i = at + 3; i < value.length() && i - at < MAX_PART; i++) {
        char c = value.charAt(i);
        if (c == ':' && colon < 0) {
          colon = i;
        } else if (c == '@') {
          if (colon > 0 && i - colon > 3 && !isPlaceholder(value, colon + 1, i)) {
            return true;
          }
          break;
        } else if (c <= ' ' || c == '/' || c == '"' || c == '\'' || c == '<' || c == '?') {
          break;
        }
      }
    }
    return false;
  }

  private static boolean isPlaceholder(String value, int from, int to) {
    String password = value.substring(from, to).toLowerCase(java.util.Locale.ROOT);
    return password.startsWith("$")
        || password.startsWith("{")
        || password.startsWith("%")
        || password.equals("password")
        || password.equals("pass")
        || password.equals("pwd")
        || password.equals("xxxx")
        || password.equals("****");
  }
}
