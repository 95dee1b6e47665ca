package ringfence.router.fleet;

import ringfence.proto.v1.Failure;
import ringfence.proto.v1.RouterCommand;

/// The open Report stream of one node, as the fleet ends it.
public interface NodeStream {

  /// Tells the node something; it is dropped when the stream has ended.
  void send(RouterCommand command);

  /// Ends the stream; may be called from any thread and more than once.
  void close(Failure failure);
}
