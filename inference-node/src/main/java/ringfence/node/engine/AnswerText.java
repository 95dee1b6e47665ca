package ringfence.node.engine;

import ringfence.node.tokenizer.StreamDecoder;
import ringfence.node.tokenizer.Tokenizer;

/// The text of one choice: what each token releases is a function of the tokens up to it, so
/// feeding the tokens of an answer again brings it exactly to where it was.
final class AnswerText {
  private final StreamDecoder decoder;
  private final StopMatcher matcher;

  AnswerText(Tokenizer tokenizer, StopStrings stops) {
    this.decoder = new StreamDecoder(tokenizer);
    this.matcher = new StopMatcher(stops);
  }

  /// The text that this token releases: whole characters that belong to no stop string.
  String next(int token) {
    return matcher.next(decoder.next(token));
  }

  /// What was held back until the answer's end and belongs to it.
  String finish() {
    return matcher.next(decoder.finish()) + matcher.rest();
  }

  boolean stopped() {
    return matcher.stopped();
  }

  String matchedStop() {
    return matcher.matchedStop();
  }
}
