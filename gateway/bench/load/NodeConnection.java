import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/// One HTTP/2 connection in clear text to a node's `Generation/Generate`. It knows what is needed of a node that keeps to its word and
/// reads no headers: an answer is complete when its last event has come.
final class NodeConnection extends Connection implements Http2Frames.Listener {
  private static final int UNSENT = 256 * 1024;
  /// What answers to the node's own frames may take of it; beyond that, the connection is lost.
  private static final int RESERVED = 16 * 1024;
  /// A power of two beyond the requests that a load has open.
  private static final int STREAMS = 8192;
  private static final int FIRST_WINDOW = 65_535;
  private static final int TOLD_EACH = 1 << 30;

  private final Http2Frames frames = new Http2Frames(this);
  private final NodeRequest request;
  private final byte[] usual;
  private final byte[] kept;
  /// Held up by the node's window, or by the socket.
  private final Deque<Call> waiting = new ArrayDeque<>();
  private final NodeStream[] open = new NodeStream[STREAMS];
  private int nextId = 1;
  private long window = FIRST_WINDOW;
  private int untold;

  NodeConnection(Loop loop, InetSocketAddress address, NodeRequest request) throws IOException {
    super(loop, address, UNSENT);
    this.request = request;
    String[] headers = {
      ":method", "POST", ":scheme", "http", ":path", "/ringfence.v1.Generation/Generate",
      ":authority", address.getHostString() + ":" + address.getPort(),
      "content-type", "application/grpc", "te", "trailers", "grpc-timeout", "600000m"
    };
    usual = Http2Frames.headers(headers);
    kept = Http2Frames.headers(with(headers, "traceparent", Client.KEPT_TRACE));
    Http2Frames.begin(out);
  }

  private static String[] with(String[] headers, String name, String value) {
    String[] more = Arrays.copyOf(headers, headers.length + 2);
    more[headers.length] = name;
    more[headers.length + 1] = value;
    return more;
  }

  void ask(Call call) {
    waiting.add(call);
    try {
      if (isConnected()) {
        writable();
      }
    } catch (IOException broken) {
      close();
    }
  }

  @Override
  void writable() throws IOException {
    int needed = 2 * Http2Frames.HEAD + kept.length + request.length();
    while (!waiting.isEmpty() && window >= request.length() && out.remaining() - RESERVED >= needed) {
      begin(waiting.remove());
    }
    flush();
  }

  private void begin(Call call) {
    int id = freeId();
    open[slot(id)] = new NodeStream(id, call);
    byte[] headers = call.isKept() ? kept : usual;
    call.begun(System.nanoTime());
    Http2Frames.put(out, Http2Frames.HEADERS, Http2Frames.END_HEADERS, id, headers.length);
    out.put(headers);
    Http2Frames.put(out, Http2Frames.DATA, Http2Frames.END_STREAM, id, request.length());
    out.put(request.next());
    window -= request.length();
  }

  /// The next that finds its slot free: fewer are open than there are slots.
  private int freeId() {
    while (open[slot(nextId)] != null) {
      nextId += 2;
    }
    int id = nextId;
    nextId += 2;
    return id;
  }

  private static int slot(int id) {
    return id >>> 1 & STREAMS - 1;
  }

  @Override
  void heard(ByteBuffer bytes, long nowNanos) throws IOException {
    frames.read(bytes, nowNanos);
    writable();
  }

  @Override
  public void data(int id, byte next, long nowNanos) {
    NodeStream stream = open[slot(id)];
    if (stream != null && stream.id() == id) {
      stream.data(next, nowNanos);
    }
  }

  @Override
  public void frame(int type, int flags, int id, int length, ByteBuffer payload) throws IOException {
    switch (type) {
      case Http2Frames.DATA -> {
        consumed(flags, length);
        endedIf(flags, id);
      }
      case Http2Frames.HEADERS -> endedIf(flags, id);
      case Http2Frames.SETTINGS, Http2Frames.PING -> acknowledge(type, flags, payload);
      case Http2Frames.WINDOW_UPDATE -> window += id == 0 ? payload.getInt() : 0;
      case Http2Frames.RST_STREAM -> failed(id);
      case Http2Frames.GOAWAY -> throw new IOException("the node ends the connection");
      default -> {
        // RFC 9113, 5.5: what is not known is not heeded.
      }
    }
  }

  private void consumed(int flags, int length) throws IOException {
    if ((flags & Http2Frames.PADDED) != 0) {
      throw new IOException("padded data");
    }
    untold += length;
    if (untold >= TOLD_EACH) {
      Http2Frames.putWindow(out, untold);
      untold = 0;
    }
  }

  private void acknowledge(int type, int flags, ByteBuffer payload) {
    if ((flags & Http2Frames.ACK) == 0) {
      ByteBuffer echoed = type == Http2Frames.PING ? payload : payload.limit(0);
      Http2Frames.put(out, type, Http2Frames.ACK, 0, echoed.remaining());
      out.put(echoed);
    }
  }

  private void endedIf(int flags, int id) {
    if ((flags & Http2Frames.END_STREAM) != 0) {
      NodeStream stream = taken(id);
      if (stream != null) {
        stream.ended();
      }
    }
  }

  private void failed(int id) {
    NodeStream stream = taken(id);
    if (stream != null) {
      stream.failed();
    }
  }

  private NodeStream taken(int id) {
    NodeStream stream = open[slot(id)];
    if (stream == null || stream.id() != id) {
      return null;
    }
    open[slot(id)] = null;
    return stream;
  }

  /// A silent answer ends its connection, and with it the others.
  @Override
  public void look(long nowNanos) {
    for (NodeStream stream : open) {
      if (stream != null && stream.isSilent(nowNanos)) {
        close();
        return;
      }
    }
    if (!waiting.isEmpty() && waiting.peek().isSilent(nowNanos)) {
      close();
    }
  }

  @Override
  void lost() {
    for (int i = 0; i < STREAMS; i++) {
      if (open[i] != null) {
        failed(open[i].id());
      }
    }
    for (Call call = waiting.poll(); call != null; call = waiting.poll()) {
      call.ended(false);
    }
  }
}
