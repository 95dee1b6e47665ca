import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;

/// What a [Loop] listens to. Fails for itself: what goes wrong with one connection is no other's matter.
interface Watched {
  /// Its channel can do something of what it waits for.
  ///
  /// @param bytes empty, the loop's own; for what is read
  void ready(SelectionKey key, ByteBuffer bytes);

  /// Once a second.
  default void look(long nowNanos) {}
}
