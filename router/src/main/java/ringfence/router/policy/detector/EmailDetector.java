package ringfence.router.policy.detector;

import java.util.Locale;
import java.util.Set;

/// E-mail addresses, also where `@` and the dots are spelt out in brackets.
final class EmailDetector implements TextDetector {
  /// What follows an `@` in file names of images for dense displays.
  private static final Set<String> FILE_ENDINGS =
      Set.of("png", "jpg", "jpeg", "gif", "svg", "webp", "js", "ts", "css", "json", "map", "html");

  private static final int MAX_LOCAL = 64;
  private static final int MAX_DOMAIN = 253;

  @Override
  public String name() {
    return "email";
  }

  @Override
  public char needs() {
    return 0;
  }

  @Override
  public boolean finds(Text text) {
    String value = text.value();
    for (int at = value.indexOf('@'); at >= 0; at = value.indexOf('@', at + 1)) {
      if (isAddress(value, at, at + 1, false)) {
        return true;
      }
    }
    return hasSpeltOut(value, '[', ']') || hasSpeltOut(value, '(', ')');
  }

  private static boolean hasSpeltOut(String value, char open, char close) {
    for (int at = value.indexOf(open); at >= 0; at = value.indexOf(open, at + 1)) {
      if (value.regionMatches(true, at + 1, "at", 0, 2)
          && at + 3 < value.length()
          && value.charAt(at + 3) == close) {
        int left = at;
        while (left > 0 && value.charAt(left - 1) == ' ') {
          left--;
        }
        int right = at + 4;
        while (right < value.length() && value.charAt(right) == ' ') {
          right++;
        }
        if (isAddress(value, left, right, true)) {
          return true;
        }
      }
    }
    return false;
  }

  /// @param left one after the local part
  /// @param right the domain's first character
  private static boolean isAddress(String value, int left, int right, boolean speltOut) {
    int start = left;
    while (start > 0 && left - start < MAX_LOCAL && isLocal(value.charAt(start - 1))) {
      start--;
    }
    if (start == left || value.charAt(left - 1) == '.' || isUserOfAddress(value, start)) {
      return false;
    }
    int end = right;
    int lastDot = -1;
    while (end < value.length() && end - right < MAX_DOMAIN) {
      char c = value.charAt(end);
      if (Character.isLetterOrDigit(c) || c == '-') {
        end++;
      } else if (c == '.' && end + 1 < value.length() && isNameStart(value.charAt(end + 1))) {
        lastDot = end++;
      } else if (speltOut && dotSpeltOut(value, end) > 0) {
        int after = dotSpeltOut(value, end);
        lastDot = after - 1;
        end = after;
      } else {
        break;
      }
    }
    if (lastDot <= right || end - lastDot < 3) {
      return false;
    }
    for (int i = lastDot + 1; i < end; i++) {
      if (!Character.isLetter(value.charAt(i)) && value.charAt(i) != '-') {
        // Only an encoded name of a country in another script has digits in it.
        return value.regionMatches(true, lastDot + 1, "xn--", 0, 4);
      }
    }
    String ending = value.substring(lastDot + 1, end).toLowerCase(Locale.ROOT);
    boolean repository =
        value.startsWith("git", start)
            && left - start == 3
            && end < value.length()
            && value.charAt(end) == ':';
    return !FILE_ENDINGS.contains(ending) && !repository;
  }

  /// Whether it is what stands before a host in `scheme://user:password@host`.
  private static boolean isUserOfAddress(String value, int start) {
    int at = start;
    if (value.startsWith("//", start) && start > 0 && value.charAt(start - 1) == ':') {
      return true;
    }
    while (at > 0 && start - at < MAX_LOCAL && value.charAt(at - 1) > ' ') {
      at--;
      if (value.startsWith("://", at)) {
        return true;
      }
    }
    return false;
  }

  /// Where the name goes on after `[dot]` or `(dot)` with blanks around; -1: there is none.
  private static int dotSpeltOut(String value, int from) {
    int at = from;
    while (at < value.length() && value.charAt(at) == ' ') {
      at++;
    }
    if (at + 5 > value.length()
        || !(value.charAt(at) == '[' || value.charAt(at) == '(')
        || !value.regionMatches(true, at + 1, "dot", 0, 3)) {
      return -1;
    }
    at += 5;
    while (at < value.length() && value.charAt(at) == ' ') {
      at++;
    }
    return at;
  }

  private static boolean isNameStart(char c) {
    return Character.isLetterOrDigit(c);
  }

  private static boolean isLocal(char c) {
    return Character.isLetterOrDigit(c) || "._%+-'!#$&*/=?^`{|}~".indexOf(c) >= 0;
  }
}
