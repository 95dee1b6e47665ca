import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// Frames of one HTTP/2 connection (RFC 9113): those that come are read as their bytes come, those to be sent are put into a buffer.
final class Http2Frames {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int WINDOW_UPDATE = 8;

  /// Of SETTINGS and PING.
  static final int ACK = 1;
  /// Of DATA and HEADERS.
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final int PADDED = 8;

  static final int HEAD = 9;
  private static final int MOST_PAYLOAD = 8;
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int ENABLE_PUSH = 2;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int USUAL_WINDOW = 65_535;

  /// Hears what comes.
  interface Listener {
    /// A byte of a DATA frame.
    void data(int stream, byte next, long nowNanos);

    /// A frame is whole.
    ///
    /// @param payload its first eight bytes; those of DATA went to `data`
    void frame(int type, int flags, int stream, int length, ByteBuffer payload) throws IOException;
  }

  private final Listener listener;
  private final ByteBuffer head = ByteBuffer.allocate(HEAD);
  private final ByteBuffer payload = ByteBuffer.allocate(MOST_PAYLOAD);
  private int left;

  Http2Frames(Listener listener) {
    this.listener = listener;
  }

  void read(ByteBuffer bytes, long nowNanos) throws IOException {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (head.hasRemaining()) {
        head.put(next);
        left = head.hasRemaining() ? left : length();
      } else {
        payload(next, nowNanos);
      }
      if (!head.hasRemaining() && left == 0) {
        listener.frame(type(), head.get(4), stream(), length(), payload.flip());
        head.clear();
        payload.clear();
      }
    }
  }

  private void payload(byte next, long nowNanos) {
    left--;
    if (type() == DATA) {
      listener.data(stream(), next, nowNanos);
    } else if (payload.hasRemaining()) {
      payload.put(next);
    }
  }

  private int length() {
    return head.getInt(0) >>> 8;
  }

  private int type() {
    return head.get(3);
  }

  private int stream() {
    return head.getInt(5) & Integer.MAX_VALUE;
  }

  /// What a client says first. Nothing is ever to wait for its windows.
  static void begin(ByteBuffer out) {
    out.put(PREFACE);
    put(out, SETTINGS, 0, 0, 12);
    out.putShort((short) ENABLE_PUSH).putInt(0);
    out.putShort((short) INITIAL_WINDOW_SIZE).putInt(Integer.MAX_VALUE);
    putWindow(out, Integer.MAX_VALUE - USUAL_WINDOW);
  }

  /// More may come on the connection.
  static void putWindow(ByteBuffer out, int bytes) {
    put(out, WINDOW_UPDATE, 0, 0, Integer.BYTES);
    out.putInt(bytes);
  }

  /// A frame's head; its payload is the caller's to put.
  static void put(ByteBuffer out, int type, int flags, int stream, int length) {
    out.putInt(length << 8 | type).put((byte) flags).putInt(stream);
  }

  /// A block of headers, names and values in turn: literals that nobody's table has to keep (RFC 7541, 6.2.2).
  static byte[] headers(String... namesAndValues) {
    var block = new ByteArrayOutputStream();
    for (int i = 0; i < namesAndValues.length; i++) {
      byte[] text = namesAndValues[i].getBytes(StandardCharsets.US_ASCII);
      if (text.length > 126) {
        throw new IllegalArgumentException("a length of more than seven bits");
      }
      if (i % 2 == 0) {
        block.write(0);
      }
      block.write(text.length);
      block.writeBytes(text);
    }
    return block.toByteArray();
  }
}
