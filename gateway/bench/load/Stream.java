import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedDeque;

/// One kept-alive HTTP/1.1 connection that asks for a streamed answer and reads its events. No more than that, so
/// that the driver stays cheap.
final class Stream implements AutoCloseable {
  /// What came of a request.
  ///
  /// @param firstNanos from the request's writing to the first event with text
  /// @param lastNanos to the last event with text
  record Heard(int status, int texts, long firstNanos, long lastNanos) {}

  private static final byte[] TEXT = "\"content\":\"".getBytes(StandardCharsets.US_ASCII);

  private final Socket socket;
  private final InputStream in;
  private byte[] line = new byte[2048];
  private int chunkLeft;
  private boolean chunked;

  private Stream(URI url) throws IOException {
    socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(60_000);
    socket.connect(new InetSocketAddress(url.getHost(), url.getPort()), 10_000);
    in = new BufferedInputStream(socket.getInputStream(), 4096);
  }

  /// Connections that stand idle.
  static final class Pool {
    private final URI url;
    private final ConcurrentLinkedDeque<Stream> idle = new ConcurrentLinkedDeque<>();

    Pool(URI url) {
      this.url = url;
    }

    Heard ask(byte[] request) throws IOException {
      Stream stream = idle.pollFirst();
      if (stream == null) {
        stream = new Stream(url);
      }
      Heard heard;
      try {
        heard = stream.ask(request);
      } catch (IOException | RuntimeException e) {
        stream.close();
        throw e;
      }
      idle.addFirst(stream);
      return heard;
    }

    void close() {
      for (Stream stream = idle.pollFirst(); stream != null; stream = idle.pollFirst()) {
        stream.close();
      }
    }
  }

  /// A trace that whoever hears of it keeps.
  private static final String KEPT = "traceparent: 00-5a4b3c2d1e0f5a4b3c2d1e0f5a4b3c2d-5a4b3c2d1e0f5a4b-01\r\n";

  /// The bytes of a request.
  ///
  /// @param kept whether its trace is to be kept
  static byte[] request(URI base, String key, String body, boolean kept) {
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    byte[] head =
        ("POST " + base.getPath() + "/chat/completions HTTP/1.1\r\nHost: " + base.getHost() + ":" + base.getPort()
                + "\r\nContent-Type: application/json\r\n"
                + (key.equals("-") ? "" : "Authorization: Bearer " + key + "\r\n")
                + (kept ? KEPT : "")
                + "Content-Length: " + content.length + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    byte[] all = new byte[head.length + content.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(content, 0, all, head.length, content.length);
    return all;
  }

  private Heard ask(byte[] request) throws IOException {
    long began = System.nanoTime();
    socket.getOutputStream().write(request);
    int status = head();
    int texts = 0;
    long first = 0;
    long last = 0;
    for (int length = bodyLine(); length >= 0; length = bodyLine()) {
      if (length > 6 && line[0] == 'd' && hasText(length)) {
        last = System.nanoTime() - began;
        if (texts++ == 0) {
          first = last;
        }
      }
    }
    return new Heard(status, texts, first, last);
  }

  private int head() throws IOException {
    int length = rawLine();
    String status = new String(line, 0, length, StandardCharsets.US_ASCII);
    int left = -1;
    chunked = false;
    while ((length = rawLine()) > 0) {
      String header = new String(line, 0, length, StandardCharsets.US_ASCII).toLowerCase(java.util.Locale.ROOT);
      if (header.startsWith("transfer-encoding:") && header.endsWith("chunked")) {
        chunked = true;
      } else if (header.startsWith("content-length:")) {
        left = Integer.parseInt(header.substring(15).strip());
      }
    }
    if (!chunked && left < 0) {
      throw new IOException("an answer without a length");
    }
    chunkLeft = chunked ? 0 : left;
    return Integer.parseInt(status.split(" ")[1]);
  }

  /// An event's text that is not empty.
  private boolean hasText(int length) {
    for (int i = 6; i + TEXT.length < length; i++) {
      int k = 0;
      while (k < TEXT.length && line[i + k] == TEXT[k]) {
        k++;
      }
      if (k == TEXT.length) {
        return line[i + k] != '"';
      }
    }
    return false;
  }

  /// A line without its end; -1 when the body has ended.
  private int bodyLine() throws IOException {
    int length = 0;
    while (true) {
      if (chunkLeft == 0) {
        if (!chunked) {
          return length > 0 ? length : -1;
        }
        int size = chunkSize();
        if (size == 0) {
          rawLine(new byte[16]);
          return length > 0 ? length : -1;
        }
        chunkLeft = size;
      }
      int next = read();
      if (--chunkLeft == 0 && chunked) {
        rawLine(new byte[16]);
      }
      if (next == '\n') {
        return length > 0 && line[length - 1] == '\r' ? length - 1 : length;
      }
      if (length == line.length) {
        line = Arrays.copyOf(line, 2 * length);
      }
      line[length++] = (byte) next;
    }
  }

  private int chunkSize() throws IOException {
    byte[] digits = new byte[16];
    int length = rawLine(digits);
    return Integer.parseInt(new String(digits, 0, length, StandardCharsets.US_ASCII), 16);
  }

  private int rawLine() throws IOException {
    return rawLine(line);
  }

  private int rawLine(byte[] into) throws IOException {
    int length = 0;
    for (int next = read(); next != '\n'; next = read()) {
      into[length++] = (byte) next;
    }
    return length > 0 && into[length - 1] == '\r' ? length - 1 : length;
  }

  private int read() throws IOException {
    int next = in.read();
    if (next < 0) {
      throw new EOFException("the connection ended");
    }
    return next;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone in any case.
    }
  }
}
