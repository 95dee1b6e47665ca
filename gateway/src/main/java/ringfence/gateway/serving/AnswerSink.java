package ringfence.gateway.serving;

import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Tally;
import ringfence.proto.v1.Finish;
import ringfence.proto.v1.Placement;
import ringfence.proto.v1.Token;

/// Where the events of an answer go. All methods run on the request's event loop.
interface AnswerSink {
  /// Where it runs; again when another attempt goes on with it.
  void placed(Placement placement);

  /// The answer begins: nothing can refuse it any more.
  void open();

  /// A choice begins, with the prompt's text where it is echoed.
  void begin(int choice, String echo);

  /// A choice's next token.
  void token(int choice, Token token);

  /// A choice ends.
  void finish(int choice, Finish finish);

  /// All choices have ended.
  void complete(Tally tally);

  /// The answer can't go on.
  void fail(ApiError error);

  /// Runs `more` once, as soon as the client has room for another event.
  void whenRoom(Runnable more);

  /// Frees what is held; the client may be gone.
  void release();
}
