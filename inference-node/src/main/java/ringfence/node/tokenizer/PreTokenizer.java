package ringfence.node.tokenizer;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// How byte-level BPE cuts text into words before it merges within them, by the names that
/// `tokenizer.ggml.pre` has for it (those of llama.cpp).
///
/// Where Hugging Face's pattern and llama.cpp's differ, it is Hugging Face's, with which the models
/// were trained.
///
/// @param splitters each cuts what the one before it left
/// @param wholeWords a word that is a token is one, whatever the merges say
/// @param addBeginning put the beginning-of-sequence token first where the file doesn't say
record PreTokenizer(List<Splitter> splitters, boolean wholeWords, boolean addBeginning) {

  private static final Map<String, PreTokenizer> BY_NAME = new TreeMap<>();

  static {
    PreTokenizers.fill(BY_NAME);
  }

  PreTokenizer {
    splitters = List.copyOf(splitters);
  }

  static PreTokenizer of(Splitter... splitters) {
    return new PreTokenizer(List.of(splitters), false, false);
  }

  PreTokenizer withWholeWords() {
    return new PreTokenizer(splitters, true, addBeginning);
  }

  PreTokenizer withBeginning() {
    return new PreTokenizer(splitters, wholeWords, true);
  }

  /// @throws VocabularyException for a name that is none; it lists those that are
  static PreTokenizer named(String name) {
    PreTokenizer known = BY_NAME.get(name.isEmpty() ? "default" : name);
    if (known == null) {
      throw new VocabularyException(
          Vocabulary.PRE,
          "unknown pre-tokenizer '" + name + "'; known are " + String.join(", ", BY_NAME.keySet()));
    }
    return known;
  }

  /// All names.
  static Set<String> names() {
    return Collections.unmodifiableSet(BY_NAME.keySet());
  }

  /// Hands a text's words to `words`, from left to right.
  void split(Utf8Text text, int from, int to, Words words) {
    split(0, text, from, to, words);
  }

  private void split(int depth, Utf8Text text, int from, int to, Words words) {
    if (depth == splitters.size()) {
      words.word(from, to);
      return;
    }
    Splitter splitter = splitters.get(depth);
    int at = from;
    while (at < to) {
      int end = splitter.end(text, at, to);
      split(depth + 1, text, at, end, words);
      at = end;
    }
  }

  /// Takes words.
  @FunctionalInterface
  interface Words {
    /// The next word.
    void word(int from, int to);
  }
}
