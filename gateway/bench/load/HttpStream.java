import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One kept-alive HTTP/1.1 connection that asks for a streamed answer and hears its events.
final class HttpStream extends Connection implements HttpReader.Listener {
  private static final byte[] TEXT = "\"content\":\"".getBytes(StandardCharsets.US_ASCII);

  private final HttpStreams all;
  private final HttpReader reader = new HttpReader(this);
  private Call call;
  private byte[] unsent;
  private int status;
  private byte[] line = new byte[1024];
  private int length;

  HttpStream(Loop loop, InetSocketAddress address, int requestBytes, HttpStreams all) throws IOException {
    super(loop, address, requestBytes);
    this.all = all;
  }

  void ask(Call asked, byte[] request) {
    call = asked;
    unsent = request;
    try {
      if (isConnected()) {
        writable();
      }
    } catch (IOException | BufferOverflowException broken) {
      // Overflown is what the server left of the last request unread when it answered.
      close();
    }
  }

  @Override
  void writable() throws IOException {
    if (unsent != null) {
      call.begun(System.nanoTime());
      out.put(unsent);
      unsent = null;
      flush();
    }
  }

  @Override
  void heard(ByteBuffer bytes, long nowNanos) throws IOException {
    reader.read(bytes, nowNanos);
  }

  @Override
  public int begun(String start, long nowNanos) throws IOException {
    if (call == null) {
      throw new IOException("an answer to nothing");
    }
    status = Integer.parseInt(start.split(" ")[1]);
    return -1;
  }

  @Override
  public void body(byte next, long nowNanos) {
    if (next == '\n') {
      line(nowNanos);
    } else {
      if (length == line.length) {
        line = Arrays.copyOf(line, 2 * length);
      }
      line[length++] = next;
    }
  }

  @Override
  public void ended(long nowNanos) {
    line(nowNanos);
    Call answered = call;
    call = null;
    all.idle(this);
    answered.ended(status == 200);
  }

  private void line(long nowNanos) {
    if (length > 6 && line[0] == 'd' && hasText()) {
      call.text(nowNanos);
    }
    length = 0;
  }

  /// An event's text that is not empty.
  private boolean hasText() {
    for (int i = 6; i + TEXT.length < length; i++) {
      if (line[i] == TEXT[0] && Arrays.equals(line, i, i + TEXT.length, TEXT, 0, TEXT.length)) {
        return line[i + TEXT.length] != '"';
      }
    }
    return false;
  }

  @Override
  public void look(long nowNanos) {
    if (call != null && call.isSilent(nowNanos)) {
      close();
    }
  }

  @Override
  void lost() {
    all.lost(this);
    Call open = call;
    call = null;
    if (open != null) {
      open.ended(false);
    }
  }
}
