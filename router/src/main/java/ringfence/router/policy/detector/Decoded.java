package ringfence.router.policy.detector;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a text says under another coating: escapes of JSON, URLs and HTML taken off, base64 and
/// hexadecimal runs (data URLs' too) read as text.
final class Decoded {
  /// A shorter run holds less than twelve characters.
  private static final int LEAST_RUN = 16;

  /// Bytes that are looked at before a run is decoded: a multiple of three, and all runs have them.
  private static final int START = 6;

  private Decoded() {}

  /// The text without backslash escapes, `%41` and `&#65;`; null where it has none.
  static @Nullable String unescaped(String text) {
    boolean backslash = text.indexOf('\\') >= 0;
    boolean percent = text.indexOf('%') >= 0;
    boolean entity = text.contains("&#");
    if (!backslash && !percent && !entity) {
      return null;
    }
    StringBuilder plain = new StringBuilder(text.length());
    int at = 0;
    while (at < text.length()) {
      char c = text.charAt(at);
      int next =
          switch (c) {
            case '\\' -> backslash(text, at, plain);
            case '%' -> percent(text, at, plain);
            case '&' -> entity(text, at, plain);
            default -> at;
          };
      if (next == at) {
        plain.append(c);
        next++;
      }
      at = next;
    }
    return plain.length() == text.length() ? null : plain.toString();
  }

  private static int backslash(String text, int at, StringBuilder plain) {
    if (at + 1 >= text.length()) {
      return at;
    }
    char c = text.charAt(at + 1);
    switch (c) {
      case 'n', 'r' -> plain.append('\n');
      case 't' -> plain.append('\t');
      case 'u' -> {
        int value = hex(text, at + 2, 4);
        if (value < 0) {
          return at;
        }
        plain.append((char) value);
        return at + 6;
      }
      case 'x' -> {
        int value = hex(text, at + 2, 2);
        if (value < 0) {
          return at;
        }
        plain.append((char) value);
        return at + 4;
      }
      case '"', '\'', '\\', '/' -> plain.append(c);
      default -> {
        return at;
      }
    }
    return at + 2;
  }

  /// Several in a row are one text in UTF-8.
  private static int percent(String text, int at, StringBuilder plain) {
    int next = at;
    List<Byte> bytes = new ArrayList<>();
    while (next < text.length() && text.charAt(next) == '%') {
      int value = hex(text, next + 1, 2);
      if (value < 0) {
        break;
      }
      bytes.add((byte) value);
      next += 3;
    }
    byte[] all = new byte[bytes.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = bytes.get(i);
    }
    plain.append(new String(all, StandardCharsets.UTF_8));
    return next;
  }

  private static int entity(String text, int at, StringBuilder plain) {
    int end = text.indexOf(';', at);
    if (end < 0 || end - at > 9 || end - at < 4 || text.charAt(at + 1) != '#') {
      return at;
    }
    boolean hex = text.charAt(at + 2) == 'x' || text.charAt(at + 2) == 'X';
    try {
      int code =
          hex ? Integer.parseInt(text, at + 3, end, 16) : Integer.parseInt(text, at + 2, end, 10);
      plain.appendCodePoint(code);
      return end + 1;
    } catch (IllegalArgumentException notACharacter) {
      return at;
    }
  }

  private static int hex(String text, int from, int count) {
    if (from + count > text.length()) {
      return -1;
    }
    int value = 0;
    for (int i = from; i < from + count; i++) {
      int digit =
          HexFormat.isHexDigit(text.charAt(i)) ? HexFormat.fromHexDigit(text.charAt(i)) : -1;
      if (digit < 0) {
        return -1;
      }
      value = value * 16 + digit;
    }
    return value;
  }

  /// The texts in runs of base64 and hexadecimal digits.
  static List<String> runs(String text) {
    List<String> found = new ArrayList<>();
    int at = 0;
    while (at < text.length()) {
      if (!isRun(text.charAt(at))) {
        at++;
        continue;
      }
      int start = at;
      boolean wrapped = false;
      while (at < text.length()) {
        char c = text.charAt(at);
        if (isRun(c)) {
          at++;
        } else if (c == '\n'
            && at - start >= 60
            && at + 1 < text.length()
            && isRun(text.charAt(at + 1))) {
          wrapped = true;
          at++;
        } else {
          break;
        }
      }
      if (at - start >= LEAST_RUN) {
        String run = text.substring(start, at);
        String decoded = decoded(wrapped ? run.replace("\n", "") : run);
        if (decoded != null) {
          found.add(decoded);
        }
      }
    }
    return found;
  }

  private static boolean isRun(char c) {
    return Text.isWord(c) || c == '+' || c == '/' || c == '-' || c == '_';
  }

  // Most runs are identifiers, hashes and paths: that their first bytes are no text is seen
  // before anything is copied.
  private static @Nullable String decoded(String run) {
    if (run.length() % 2 == 0 && isHex(run)) {
      return mayBeText(hexStart(run)) ? readable(HexFormat.of().parseHex(run)) : null;
    }
    if (!mayBeText(base64Start(run))) {
      return null;
    }
    String plain = run.replace('-', '+').replace('_', '/');
    // A path or a word may stand before it: base64 goes in fours from its own beginning.
    int usable = plain.length() % 4 == 1 ? plain.length() - 1 : plain.length();
    try {
      return readable(Base64.getDecoder().decode(plain.substring(0, usable)));
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  private static boolean isHex(String run) {
    for (int i = 0; i < run.length(); i++) {
      if (!HexFormat.isHexDigit(run.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /// The first [#START] bytes of a hexadecimal run, the first of them on top.
  private static long hexStart(String run) {
    long start = 0;
    for (int i = 0; i < 2 * START; i++) {
      start = start << 4 | HexFormat.fromHexDigit(run.charAt(i));
    }
    return start;
  }

  /// The same of a run of base64.
  private static long base64Start(String run) {
    long start = 0;
    for (int i = 0; i < 4 * START / 3; i++) {
      start = start << 6 | sixBits(run.charAt(i));
    }
    return start;
  }

  private static int sixBits(char c) {
    if (c >= 'a' && c <= 'z') {
      return c - 'a' + 26;
    }
    if (c >= 'A' && c <= 'Z') {
      return c - 'A';
    }
    if (c >= '0' && c <= '9') {
      return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : 63;
  }

  /// False where these bytes begin nothing that [#readable] would take; it has the last word.
  private static boolean mayBeText(long start) {
    int following = 0;
    for (int shift = 8 * (START - 1); shift >= 0; shift -= 8) {
      int b = (int) (start >>> shift) & 0xff;
      if (following > 0) {
        if ((b & 0xc0) != 0x80) {
          return false;
        }
        following--;
      } else if (b < 0x80) {
        if (b < 9) {
          return false;
        }
      } else if (b >= 0xc2 && b <= 0xf4) {
        following = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
      } else {
        return false;
      }
    }
    return true;
  }

  private static @Nullable String readable(byte[] bytes) {
    for (int i = 0; i < Math.min(bytes.length, 16); i++) {
      if (bytes[i] >= 0 && bytes[i] < 9) {
        return null;
      }
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notText) {
      return null;
    }
  }
}
