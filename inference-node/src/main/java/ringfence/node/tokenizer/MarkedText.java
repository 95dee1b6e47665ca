package ringfence.node.tokenizer;

import java.util.List;

/// Text of which some parts are the template's own and may spell special tokens, and some came from
/// outside and may not.
///
/// Neighbouring parts are one text for the tokenizer: a border between parts is no border between
/// tokens. Only the spelling of a special token that lies wholly in trusted parts becomes that
/// token.
public record MarkedText(List<Part> parts) {

  public MarkedText {
    parts = List.copyOf(parts);
  }

  /// A piece of text.
  ///
  /// @param trusted the template wrote it, not a user
  public record Part(String text, boolean trusted) {}

  /// All from outside: nothing in it becomes a special token.
  public static MarkedText plain(String text) {
    return new MarkedText(List.of(new Part(text, false)));
  }

  /// All trusted.
  public static MarkedText trusted(String text) {
    return new MarkedText(List.of(new Part(text, true)));
  }

  /// The parts put together.
  public String text() {
    StringBuilder all = new StringBuilder();
    for (Part part : parts) {
      all.append(part.text());
    }
    return all.toString();
  }
}
