package ringfence.node.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Text as UTF-8, with the category of the character that each byte belongs to, so that a run of
/// characters is a run of bytes.
///
/// A surrogate without its partner becomes U+FFFD.
final class Utf8Text {

  private byte[] bytes;
  private byte[] categories;
  private int length;

  private Utf8Text(int capacity) {
    bytes = new byte[capacity];
    categories = new byte[capacity];
  }

  static Utf8Text of(String text) {
    return of(text, new int[0]);
  }

  /// @param borders ascending indices into `text`, replaced by the byte offsets of the same places;
  ///   one between the halves of a character moves behind it
  static Utf8Text of(String text, int[] borders) {
    Utf8Text utf8 = new Utf8Text(text.length() + 16);
    int border = 0;
    int i = 0;
    while (i < text.length()) {
      int codePoint = text.codePointAt(i);
      for (; border < borders.length && borders[border] <= i; border++) {
        borders[border] = utf8.length;
      }
      i += Character.charCount(codePoint);
      utf8.append(
          codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint); // a lone surrogate
    }
    Arrays.fill(borders, border, borders.length, utf8.length);
    return utf8;
  }

  private void append(int codePoint) {
    if (length + 4 > bytes.length) {
      int capacity = length + 16 + (length >> 1);
      bytes = Arrays.copyOf(bytes, capacity);
      categories = Arrays.copyOf(categories, capacity);
    }
    byte category = (byte) Categories.of(codePoint);
    int start = length;
    if (codePoint < 0x80) {
      bytes[length++] = (byte) codePoint;
    } else if (codePoint < 0x800) {
      bytes[length++] = (byte) (0xc0 | (codePoint >> 6));
      bytes[length++] = (byte) (0x80 | (codePoint & 0x3f));
    } else if (codePoint < 0x10000) {
      bytes[length++] = (byte) (0xe0 | (codePoint >> 12));
      bytes[length++] = (byte) (0x80 | ((codePoint >> 6) & 0x3f));
      bytes[length++] = (byte) (0x80 | (codePoint & 0x3f));
    } else {
      bytes[length++] = (byte) (0xf0 | (codePoint >> 18));
      bytes[length++] = (byte) (0x80 | ((codePoint >> 12) & 0x3f));
      bytes[length++] = (byte) (0x80 | ((codePoint >> 6) & 0x3f));
      bytes[length++] = (byte) (0x80 | (codePoint & 0x3f));
    }
    Arrays.fill(categories, start, length, category);
  }

  /// The text's bytes; [#length] of them.
  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  /// Whether the character at `at` is in a set of [Categories].
  boolean in(int set, int at) {
    return ((set >> categories[at]) & 1) != 0;
  }

  /// Whether there is a character at `at`, before `to`, in a set of [Categories].
  boolean in(int set, int at, int to) {
    return at < to && in(set, at);
  }

  /// Whether the byte at `at`, before `to`, is this one.
  boolean is(int ascii, int at, int to) {
    return at < to && bytes[at] == ascii;
  }

  /// Where the run of characters in a set that starts at `from` ends.
  int run(int set, int from, int to) {
    int at = from;
    while (at < to && in(set, at)) {
      at++;
    }
    return at;
  }

  /// As [#run(int, int, int)], of at most `count` characters.
  int run(int set, int from, int to, int count) {
    int at = from;
    for (int i = 0; i < count && at < to && in(set, at); i++) {
      at = next(at);
    }
    return at;
  }

  /// Start of the character after the one at `at`.
  int next(int at) {
    return at + charLength(bytes[at]);
  }

  /// Start of the character before `at`.
  int previous(int at) {
    int start = at - 1;
    while ((bytes[start] & 0xc0) == 0x80) {
      start--;
    }
    return start;
  }

  int codePoint(int at) {
    int lead = bytes[at];
    return switch (charLength(lead)) {
      case 1 -> lead;
      case 2 -> ((lead & 0x1f) << 6) | low(at + 1);
      case 3 -> ((lead & 0xf) << 12) | (low(at + 1) << 6) | low(at + 2);
      default -> ((lead & 7) << 18) | (low(at + 1) << 12) | (low(at + 2) << 6) | low(at + 3);
    };
  }

  private int low(int at) {
    return bytes[at] & 0x3f;
  }

  /// Bytes of a character, from its first.
  static int charLength(int lead) {
    return lead >= 0 ? 1 : lead < (byte) 0xe0 ? 2 : lead < (byte) 0xf0 ? 3 : 4;
  }

  /// A part of the text.
  String substring(int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }
}
