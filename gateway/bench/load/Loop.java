import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// One thread that listens to all connections and begins requests when they are due: no event changes threads, and none
/// allocates. All that it watches belongs to that thread.
final class Loop implements AutoCloseable {
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  /// So late an event can be heard while a request is due within the millisecond; a park takes some 50 us longer than asked for.
  private static final long PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private final Selector selector;
  private final ByteBuffer bytes = ByteBuffer.allocateDirect(64 * 1024);

  Loop() throws IOException {
    selector = Selector.open();
  }

  SelectionKey watch(SelectableChannel channel, int operations, Watched watched) throws IOException {
    return channel.register(selector, operations, watched);
  }

  void run(Work work) throws IOException {
    long look = System.nanoTime() + LOOK_NANOS;
    while (true) {
      long now = System.nanoTime();
      if (now - look >= 0) {
        selector.keys().forEach(key -> watched(key).look(now));
        look = now + LOOK_NANOS;
      }
      long left = work.begin(now);
      if (work.isOver(now)) {
        return;
      }
      await(Math.min(left, look - now));
    }
  }

  /// A selector counts whole milliseconds: the last one is slept through in short parks.
  private void await(long nanos) throws IOException {
    if (nanos >= MILLI) {
      selector.select(this::ready, nanos / MILLI);
    } else if (selector.selectNow(this::ready) == 0 && nanos > 0) {
      LockSupport.parkNanos(Math.min(nanos, PARK_NANOS));
    }
  }

  private void ready(SelectionKey key) {
    watched(key).ready(key, bytes.clear());
  }

  private static Watched watched(SelectionKey key) {
    return (Watched) key.attachment();
  }

  /// Whoever closes it has closed what it watches.
  @Override
  public void close() throws IOException {
    selector.close();
  }
}
