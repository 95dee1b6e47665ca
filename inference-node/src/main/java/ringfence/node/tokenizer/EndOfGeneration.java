package ringfence.node.tokenizer;

import java.util.BitSet;
import java.util.List;
import java.util.Set;

/// Tokens that end an answer, by spelling: files name one or two of them and leave out the rest
/// (the list is that of llama.cpp).
final class EndOfGeneration {

  /// Nothing but a mark of a chat: a control token, whatever kind the file gives it.
  private static final Set<String> MARKS =
      Set.of(
          "<|eot_id|>",
          "<|eom_id|>",
          "<|im_end|>",
          "<|end|>",
          "<|return|>",
          "<|call|>",
          "<|calls|>",
          "<|flush|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<|end_of_text|>",
          "<end_of_utterance>",
          "<\uff5cend\u2581of\u2581sentence\uff5c>",
          "<turn|>",
          "<|tool_response>",
          "<|fim_pad|>",
          "<|fim_repo|>",
          "<|repo_name|>",
          "<|file_sep|>");

  /// May be text in some vocabularies: ends an answer where it is a control token.
  private static final Set<String> WORDS =
      Set.of(
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "[EOS]",
          "[e~[",
          "<eos>",
          "</s>",
          "<fim-pad>",
          "<fim_pad>",
          "<PAD>",
          "[PAD]",
          "<fim-repo>",
          "<REPO>",
          "<reponame>");

  private EndOfGeneration() {}

  /// Whether a token is a control token for its spelling alone.
  static boolean mark(String spelling) {
    return spelling.startsWith("<") && MARKS.contains(spelling);
  }

  /// The tokens that end an answer.
  ///
  /// @param control control tokens, by id
  static BitSet of(Vocabulary vocabulary, boolean[] control) {
    BitSet ends = new BitSet();
    int end = -1;
    boolean called = false;
    boolean returned = false;
    for (int id = 0; id < control.length; id++) {
      if (!control[id]) {
        continue;
      }
      String spelling = vocabulary.spellings().get(id);
      if (MARKS.contains(spelling) || WORDS.contains(spelling)) {
        ends.set(id);
      }
      end = spelling.equals("<|end|>") ? id : end;
      called |= spelling.equals("<|call|>") || spelling.equals("<|calls|>");
      returned |= spelling.equals("<|return|>") || spelling.equals("<|flush|>");
    }
    if (called && returned && end >= 0) {
      ends.clear(end); // between two messages of one answer
    }
    Vocabulary.SpecialIds special = vocabulary.special();
    for (int id : List.of(special.end(), special.endOfTurn(), special.endOfMessage())) {
      if (id >= 0) {
        ends.set(id);
      }
    }
    return ends;
  }
}
