import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/// One connection of a [Loop]: what comes is heard at once, what the socket doesn't take yet waits in `out`.
abstract class Connection implements Watched, AutoCloseable {
  /// What is to be sent; [#flush] sends it.
  protected final ByteBuffer out;

  private final SocketChannel channel;
  private final SelectionKey key;
  private boolean connected;
  private boolean closed;

  /// Connects.
  ///
  /// @param mostUnsent bytes that `out` holds
  Connection(Loop loop, InetSocketAddress address, int mostUnsent) throws IOException {
    this(loop, SocketChannel.open(), mostUnsent, address);
  }

  /// Takes a connection that was accepted.
  Connection(Loop loop, SocketChannel accepted, int mostUnsent) throws IOException {
    this(loop, accepted, mostUnsent, null);
  }

  private Connection(Loop loop, SocketChannel channel, int mostUnsent, InetSocketAddress address) throws IOException {
    this.channel = channel;
    try {
      channel.configureBlocking(false);
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      connected = address == null || channel.connect(address);
      key = loop.watch(channel, connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    out = ByteBuffer.allocateDirect(mostUnsent);
  }

  /// What was read.
  abstract void heard(ByteBuffer bytes, long nowNanos) throws IOException;

  /// It was closed: whatever is open on it has failed.
  abstract void lost();

  /// It is connected, or what waited in `out` has gone.
  void writable() throws IOException {}

  @Override
  public final void ready(SelectionKey ready, ByteBuffer bytes) {
    try {
      if (ready.isConnectable() && channel.finishConnect()) {
        connected = true;
        key.interestOps(SelectionKey.OP_READ);
        writable();
      } else if (ready.isWritable()) {
        flush();
        writable();
      }
      if (ready.isReadable()) {
        if (channel.read(bytes) < 0) {
          throw new EOFException("the connection ended");
        }
        heard(bytes.flip(), System.nanoTime());
      }
    } catch (IOException | RuntimeException broken) {
      close();
    }
  }

  /// Sends what is in `out`, or has it sent as soon as that can be.
  final void flush() throws IOException {
    if (out.position() > 0) {
      channel.write(out.flip());
      out.compact();
    }
    int wanted = out.position() == 0 ? SelectionKey.OP_READ : SelectionKey.OP_READ | SelectionKey.OP_WRITE;
    if (key.interestOps() != wanted) {
      key.interestOps(wanted);
    }
  }

  final SocketChannel channel() {
    return channel;
  }

  final boolean isConnected() {
    return connected;
  }

  final boolean isClosed() {
    return closed;
  }

  @Override
  public final void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      channel.close();
    } catch (IOException e) {
      // It is gone in any case.
    }
    lost();
  }
}
