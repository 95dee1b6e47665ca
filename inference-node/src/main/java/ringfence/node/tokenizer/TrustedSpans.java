package ringfence.node.tokenizer;

import java.util.Arrays;
import java.util.List;

/// A marked text in one piece, and which bytes of it are trusted.
///
/// Asked from left to right: it keeps its place.
final class TrustedSpans {

  private final Utf8Text text;
  private final int[] starts;
  private final int[] ends;
  private int span;

  private TrustedSpans(Utf8Text text, int[] starts, int[] ends) {
    this.text = text;
    this.starts = starts;
    this.ends = ends;
  }

  static TrustedSpans of(MarkedText marked) {
    List<MarkedText.Part> parts = marked.parts();
    String all = parts.size() == 1 ? parts.getFirst().text() : marked.text();
    int[] starts = new int[parts.size()];
    int[] ends = new int[parts.size()];
    int spans = 0;
    int at = 0;
    for (MarkedText.Part part : parts) {
      int end = at + part.text().length();
      if (part.trusted() && at < end) {
        if (spans > 0 && ends[spans - 1] == at) {
          ends[spans - 1] = end;
        } else {
          starts[spans] = at;
          ends[spans++] = end;
        }
      }
      at = end;
    }
    starts = Arrays.copyOf(starts, spans);
    ends = Arrays.copyOf(ends, spans);
    // A character that two parts hold half of each is trusted where both are.
    for (int i = 0; i < spans; i++) {
      starts[i] += halved(all, starts[i]) ? 1 : 0;
      ends[i] -= halved(all, ends[i]) ? 1 : 0;
    }
    int[] borders = new int[2 * spans];
    for (int i = 0; i < spans; i++) {
      borders[2 * i] = starts[i];
      borders[2 * i + 1] = ends[i];
    }
    Utf8Text text = Utf8Text.of(all, borders);
    for (int i = 0; i < spans; i++) {
      starts[i] = borders[2 * i];
      ends[i] = borders[2 * i + 1];
    }
    return new TrustedSpans(text, starts, ends);
  }

  private static boolean halved(String all, int at) {
    return at > 0
        && at < all.length()
        && Character.isSurrogatePair(all.charAt(at - 1), all.charAt(at));
  }

  Utf8Text text() {
    return text;
  }

  /// Where the trusted bytes around `at` end; 0 where it isn't trusted.
  ///
  /// @param at no less than the last time
  int end(int at) {
    while (span < ends.length && ends[span] <= at) {
      span++;
    }
    return span < starts.length && starts[span] <= at ? ends[span] : 0;
  }
}
