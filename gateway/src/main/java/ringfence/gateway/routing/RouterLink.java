package ringfence.gateway.routing;

import io.grpc.ManagedChannel;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.Map;

/// The channels to one router: one for each event loop that has asked for it, kept open on that
/// very loop, so that what comes from the router needs no other thread on its way to the client.
/// When the router's certificate is revoked its channels are broken off; the next one that is asked
/// for dials anew, and stands only once the router shows another certificate.
final class RouterLink implements AutoCloseable {
  /// Opens a channel on a loop.
  interface Dialler {
    /// A channel that is read and written on the loop.
    ///
    /// @param revoked ends it
    ManagedChannel open(EventLoop loop, Runnable revoked);
  }

  private final Dialler dialler;
  private final Map<EventLoop, Dialled> dialled = new HashMap<>();
  private boolean closed;

  RouterLink(Dialler dialler) {
    this.dialler = dialler;
  }

  /// The channel on that loop; once this is closed, one that fails every call.
  synchronized ManagedChannel on(EventLoop loop) {
    ManagedChannel channel = dialled.computeIfAbsent(loop, Dialled::new).channel;
    if (closed) {
      channel.shutdownNow();
    }
    return channel;
  }

  private void breakOff(Dialled revoked) {
    synchronized (this) {
      dialled.remove(revoked.loop, revoked);
    }
    revoked.channel.shutdownNow();
  }

  @Override
  public synchronized void close() {
    closed = true;
    dialled.values().forEach(one -> one.channel.shutdownNow());
  }

  private final class Dialled {
    private final EventLoop loop;
    private final ManagedChannel channel;

    Dialled(EventLoop loop) {
      this.loop = loop;
      this.channel = dialler.open(loop, this::revoked);
    }

    private void revoked() {
      breakOff(this);
    }
  }
}
