package ringfence.router.policy.detector;

import java.util.Set;

/// Hosts that only an organisation's own network knows: addresses of private networks, names under
/// endings that the public tree does not have. Names of public hosts are no secret; an operator's
/// own go into the policy's words.
final class InternalHostDetector implements TextDetector {
  private static final Set<String> ENDINGS =
      Set.of(
          "local",
          "internal",
          "intern",
          "corp",
          "lan",
          "intra",
          "intranet",
          "localdomain",
          "private",
          "homenet",
          "svc");

  @Override
  public String name() {
    return "internal-host";
  }

  @Override
  public char needs() {
    return '.';
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int dot = value.indexOf('.'); dot >= 0; dot = value.indexOf('.', dot + 1)) {
      char before = text.at(dot - 1);
      char after = text.at(dot + 1);
      if ((Text.isDigit(before) && Text.isDigit(after) && isPrivateAddress(text, dot))
          || (Text.isWord(before) && Text.isLetter(after) && hasInternalEnding(text, dot))) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasInternalEnding(Text text, int dot) {
    int end = dot + 1;
    while (Text.isLetter(text.at(end))) {
      end++;
    }
    if (text.isWordAt(end) || text.at(end) == '-' || text.at(end) == '_' || text.at(end) == '(') {
      return false;
    }
    // `name.internal.field` is code; `name.svc.cluster.local` ends elsewhere.
    if (text.at(end) == '.' && text.isWordAt(end + 1)) {
      return false;
    }
    if (!ENDINGS.contains(text.lowerCase().substring(dot + 1, end))) {
      return false;
    }
    int start = dot;
    while (text.isWordAt(start - 1) || text.at(start - 1) == '-' || text.at(start - 1) == '.') {
      start--;
    }
    String name = text.lowerCase().substring(start, dot);
    // `this.local` and `self.private` are code, and a name begins with no dot.
    return !name.startsWith(".")
        && !name.equals("this")
        && !name.equals("self")
        && text.at(start - 1) != '_'
        && text.at(start - 1) != '$';
  }

  /// @param dot the first dot of an address
  private static boolean isPrivateAddress(Text text, int dot) {
    int start = dot;
    while (Text.isDigit(text.at(start - 1)) && dot - start < 4) {
      start--;
    }
    if (text.isWordAt(start - 1) || text.at(start - 1) == '.') {
      return false;
    }
    int[] octets = new int[4];
    int at = start;
    for (int i = 0; i < 4; i++) {
      int from = at;
      int octet = 0;
      while (Text.isDigit(text.at(at)) && at - from < 4) {
        octet = octet * 10 + text.at(at) - '0';
        at++;
      }
      if (at == from || octet > 255 || (i < 3 && text.at(at) != '.')) {
        return false;
      }
      octets[i] = octet;
      at += i < 3 ? 1 : 0;
    }
    if (text.isWordAt(at) || (text.at(at) == '.' && Text.isDigit(text.at(at + 1)))) {
      return false;
    }
    return octets[0] == 10
        || (octets[0] == 172 && octets[1] >= 16 && octets[1] <= 31)
        || (octets[0] == 192 && octets[1] == 168)
        || (octets[0] == 169 && octets[1] == 254)
        || (octets[0] == 100 && octets[1] >= 64 && octets[1] <= 127);
  }
}
