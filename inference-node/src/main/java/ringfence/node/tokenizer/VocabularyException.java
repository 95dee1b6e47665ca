package ringfence.node.tokenizer;

/// A file's vocabulary can't be used; the message names the key.
public final class VocabularyException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /// @param key the metadata key at fault
  /// @param problem what is wrong with it
  public VocabularyException(String key, String problem) {
    super(key + ": " + problem);
  }
}
