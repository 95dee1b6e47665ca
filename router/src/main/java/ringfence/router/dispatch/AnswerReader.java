package ringfence.router.dispatch;

import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouteEvent;

/// Who asked, and reads the answer. Called by one thread at a time.
public interface AnswerReader {

  /// False while the reader lags: the next event is held back until [Dispatch#readerReady].
  boolean ready();

  /// The next event.
  void event(RouteEvent event);

  /// The answer is complete; the last call.
  void completed();

  /// The answer can't go on; the last call.
  void failed(Failure failure);
}
