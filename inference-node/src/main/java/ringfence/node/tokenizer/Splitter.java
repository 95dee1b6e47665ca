package ringfence.node.tokenizer;

/// Cuts text into pieces, from left to right; what lies outside of the text it is given does not
/// exist for it.
///
/// In time linear in the text for any text, and without recursion: regular expressions, which the
/// pre-tokenizers are published as, promise neither.
@FunctionalInterface
interface Splitter {

  /// Where the piece that starts at `from` ends.
  ///
  /// @return more than `from`, at most `to`
  int end(Utf8Text text, int from, int to);
}
