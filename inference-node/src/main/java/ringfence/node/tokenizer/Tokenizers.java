package ringfence.node.tokenizer;

import ringfence.node.gguf.Metadata;

/// Makes the tokenizer that a model's file asks for.
public final class Tokenizers {

  private Tokenizers() {}

  /// From a file's metadata, of which it keeps nothing.
  ///
  /// @throws VocabularyException naming the key at fault
  /// @throws ringfence.node.gguf.GgufException for a key that is missing or of the wrong type
  public static Tokenizer of(Metadata metadata) {
    return of(MetadataVocabulary.of(metadata));
  }

  /// From a vocabulary.
  ///
  /// @throws VocabularyException naming the key at fault
  public static Tokenizer of(Vocabulary vocabulary) {
    return switch (vocabulary.model()) {
      case "gpt2" -> new BytePairTokenizer(vocabulary);
      case "llama" -> new SentencePieceTokenizer(vocabulary);
      default ->
          throw new VocabularyException(
              Vocabulary.MODEL,
              "unknown tokenizer '"
                  + vocabulary.model()
                  + "'; known are gpt2 (byte-level BPE) and llama (SentencePiece)");
    };
  }
}
