package ringfence.router.egress;

import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationEvent;

/// Hears an attempt's stream.
public interface AttemptListener {

  /// An event that was asked for.
  void event(GenerationEvent event);

  /// The target has ended the stream without a failure.
  void completed();

  /// The stream has ended with a failure.
  ///
  /// @param fromTarget the target said so itself; otherwise the stream broke and the target may not
  ///   know
  void failed(Failure failure, boolean fromTarget);
}
