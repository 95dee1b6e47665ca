package ringfence.router.policy.detector;

/// Private keys in armour (PEM, OpenSSH, PGP, PuTTY) or age's own form.
final class PrivateKeyDetector implements TextDetector {
  private static final int MAX_TITLE = 48;

  @Override
  public String name() {
    return "private-key";
  }

  @Override
  public char needs() {
    return '-';
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int at = value.indexOf("BEGIN "); at >= 0; at = value.indexOf("BEGIN ", at + 1)) {
      // Dashes may have been lost in part by formatting.
      if (text.at(at - 1) == '-' && text.at(at - 2) == '-') {
        int end = value.indexOf("--", at);
        if (end > 0
            && end - at <= MAX_TITLE
            && value.substring(at, end).contains("PRIVATE KEY")
            && hasBody(text, end)) {
          return true;
        }
      }
    }
    return value.contains("AGE-SECRET-KEY-1") || value.contains("PuTTY-User-Key-File-");
  }

  /// A title in prose is no key: some characters of base64 must follow.
  private static boolean hasBody(Text text, int from) {
    int seen = 0;
    for (int at = from; at < from + 400 && seen < 32; at++) {
      char c = text.at(at);
      if (c == 0) {
        return false;
      }
      seen = Text.isWord(c) || c == '+' || c == '/' ? seen + 1 : c == '\n' || c == '\r' ? seen : 0;
    }
    return seen >= 32;
  }
}
