package ringfence.router.fleet;

import ringfence.proto.v1.Failure;

/// The open Report stream of one node, as the fleet ends it.
public interface NodeStream {

  /// Ends the stream; may be called from any thread and more than once.
  void close(Failure failure);
}
