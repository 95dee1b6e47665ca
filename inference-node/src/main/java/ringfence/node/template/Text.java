package ringfence.node.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ringfence.node.tokenizer.MarkedText;

/// A string that knows of each of its characters whether the template wrote it (trusted) or it came
/// from outside. Immutable; comparisons look at the characters only.
///
/// Marks are runs: [#flips] holds the positions, ascending and strictly inside the text, where
/// trust changes.
final class Text implements Value {
  static final Text EMPTY = new Text("", true, new int[0]);
  private static final int[] NO_FLIPS = new int[0];

  private final String chars;
  private final boolean startsTrusted;
  private final int[] flips;

  Text(String chars, boolean startsTrusted, int[] flips) {
    this.chars = chars;
    this.startsTrusted = startsTrusted;
    this.flips = flips;
  }

  /// Text that the template or the model file wrote.
  static Text trusted(String chars) {
    return of(chars, true);
  }

  /// Text that came with a request.
  static Text outside(String chars) {
    return of(chars, false);
  }

  static Text of(String chars, boolean trusted) {
    return chars.isEmpty() ? EMPTY : new Text(chars, trusted, NO_FLIPS);
  }

  /// The characters, without their marks.
  String chars() {
    return chars;
  }

  /// UTF-16 units.
  int length() {
    return chars.length();
  }

  boolean isEmpty() {
    return chars.isEmpty();
  }

  /// Whether the character at this position is the template's.
  boolean trustedAt(int position) {
    int found = Arrays.binarySearch(flips, position);
    int flipsBefore = found >= 0 ? found + 1 : -found - 1;
    return startsTrusted == ((flipsBefore & 1) == 0);
  }

  /// Whether no character came from outside.
  boolean allTrusted() {
    return flips.length == 0 && (startsTrusted || chars.isEmpty());
  }

  Text substring(int from, int to) {
    if (from >= to) {
      return EMPTY;
    }
    if (from == 0 && to == chars.length()) {
      return this;
    }
    boolean first = trustedAt(from);
    int low = Arrays.binarySearch(flips, from);
    low = low >= 0 ? low + 1 : -low - 1;
    int high = Arrays.binarySearch(flips, to);
    high = high >= 0 ? high : -high - 1;
    int[] inner = low >= high ? NO_FLIPS : Arrays.copyOfRange(flips, low, high);
    for (int i = 0; i < inner.length; i++) {
      inner[i] -= from;
    }
    return new Text(chars.substring(from, to), first, inner);
  }

  Text substring(int from) {
    return substring(from, chars.length());
  }

  /// Calls for each run of equal trust, in order.
  void forEachRun(RunReader reader) {
    int from = 0;
    boolean trusted = startsTrusted;
    for (int flip : flips) {
      reader.run(from, flip, trusted);
      from = flip;
      trusted = !trusted;
    }
    if (from < chars.length()) {
      reader.run(from, chars.length(), trusted);
    }
  }

  /// Receives runs as UTF-16 positions `from` (inclusive) to `to` (exclusive).
  interface RunReader {
    void run(int from, int to, boolean trusted);
  }

  /// As the tokenizer takes it.
  MarkedText marked() {
    List<MarkedText.Part> parts = new ArrayList<>();
    forEachRun(
        (from, to, trusted) -> parts.add(new MarkedText.Part(chars.substring(from, to), trusted)));
    return new MarkedText(parts);
  }

  /// For error messages: what came from outside becomes `…`.
  String withoutOutside() {
    StringBuilder shown = new StringBuilder();
    forEachRun((from, to, trusted) -> {
      if (trusted) {
        shown.append(chars, from, to);
      } else {
        shown.append('…');
      }
    });
    return shown.toString();
  }

  @Override
  public String typeName() {
    return "str";
  }

  @Override
  public boolean truthy() {
    return !chars.isEmpty();
  }

  /// The template's own characters only, so that a stray debug print leaks nothing.
  @Override
  public String toString() {
    return withoutOutside();
  }
}
