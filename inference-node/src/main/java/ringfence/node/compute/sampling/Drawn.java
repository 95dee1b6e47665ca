package ringfence.node.compute.sampling;

import java.util.List;

/// What came of a [Draw].
public sealed interface Drawn {

  /// A token.
  ///
  /// @param logProbs empty unless asked for: the drawn token's first, then the most probable ones
  ///   in order (equal ones by rising id), as many as asked for, among which the drawn one may be
  ///   again. They are those of the model's own distribution: before bias, penalties, mask and
  ///   temperature
  record Token(int id, List<LogProb> logProbs) implements Drawn {
    public Token {
      logProbs = List.copyOf(logProbs);
    }
  }

  /// No token: a logit that is not a finite number, or a mask that leaves none.
  ///
  /// @param reason for people
  record Failure(String reason) implements Drawn {
    public static final Failure NOT_FINITE =
        new Failure("the model's logits hold a value that is not a finite number");
    public static final Failure NONE_ALLOWED = new Failure("no token is allowed");
  }
}
