package ringfence.gateway.openai;

import java.util.List;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Token;

/// How one answer looks on the wire: stream chunks as whole server-sent events, or one body. One
/// object an answer, used by one thread at a time. `choice` is the client's index, over all
/// prompts.
public interface AnswerFormat {
  /// The last event of a stream that ended well.
  byte[] DONE = Sse.event("[DONE]");

  /// Which weights answer; the router's `Begun` says it before any chunk is made.
  void answeredBy(String modelDigest);

  /// What a choice begins with; empty is no event.
  byte[] begin(int choice, String echo);

  /// A token; empty is no event (its text is held back).
  byte[] token(int choice, Token token);

  /// A choice's end.
  byte[] finish(int choice, Finish finish);

  /// The counts, after all choices; empty is no event.
  byte[] usage(Tally tally);

  /// The body of an answer that is not streamed.
  byte[] whole(List<Choice> choices, Tally tally);
}
