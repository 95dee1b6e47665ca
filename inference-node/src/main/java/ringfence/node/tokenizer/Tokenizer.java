package ringfence.node.tokenizer;

/// Text to token ids and back. Immutable and safe for any number of threads.
public interface Tokenizer {

  /// Token ids of a text, in time linear in its length.
  ///
  /// @param addSpecial put the beginning-of-sequence token (and whatever else the model's file asks
  ///   for) around it; never twice: a text that already begins with that token, as a chat template
  ///   may write it, gets no second one
  int[] encode(MarkedText text, boolean addSpecial);

  /// The bytes a token stands for; empty for control tokens.
  byte[] bytes(int token);

  /// A control token (user-defined ones that print are none): never part of an answer's text.
  boolean isControl(int token);

  /// Ends an answer: the file's end-of-sequence, end-of-turn and end-of-message tokens.
  boolean isEndOfGeneration(int token);

  /// Number of token ids.
  int size();

  /// The spelling of a token as the vocabulary has it, for people and for templates' `bos_token`
  /// and `eos_token`.
  String spelling(int token);

  /// The beginning-of-sequence token, or -1.
  int beginningOfSequence();

  /// The end-of-sequence token, or -1.
  int endOfSequence();
}
