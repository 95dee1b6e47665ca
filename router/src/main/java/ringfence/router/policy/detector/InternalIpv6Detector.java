package ringfence.router.policy.detector;

/// Addresses of IPv6 that are unique to a site (fc00::/7) or to a link (fe80::/10).
final class InternalIpv6Detector implements TextDetector {

  @Override
  public String name() {
    return "internal-host";
  }

  @Override
  public char needs() {
    return ':';
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int colon = value.indexOf(':'); colon >= 0; colon = value.indexOf(':', colon + 1)) {
      if (colon >= 4 && !text.isWordAt(colon - 5) && isInternal(text, colon - 4)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isInternal(Text text, int start) {
    String prefix = text.lowerCase().substring(start, start + 4);
    return (prefix.startsWith("fc") || prefix.startsWith("fd") || prefix.startsWith("fe8"))
        && isAddress(text, start);
  }

  private static boolean isAddress(Text text, int start) {
    int at = start;
    int colons = 0;
    int groups = 0;
    boolean inGroup = false;
    boolean gap = false;
    while (at - start < 40) {
      char c = text.at(at);
      if (TokenShape.Alphabet.HEX.has(c)) {
        groups += inGroup ? 0 : 1;
        inGroup = true;
      } else if (c == ':') {
        gap |= text.at(at + 1) == ':';
        colons++;
        inGroup = false;
      } else {
        break;
      }
      at++;
    }
    return !text.isWordAt(at) && colons >= 2 && (gap || groups == 8);
  }
}
