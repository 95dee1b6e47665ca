import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// Reads the HTTP/1.1 messages of one connection, one after the other, however they are cut into pieces. No more of HTTP than that, so
/// that it stays cheap.
final class HttpReader {
  /// Hears the messages.
  interface Listener {
    /// @param start the request or status line
    /// @return bytes of the body where no header tells
    int begun(String start, long nowNanos) throws IOException;

    void body(byte next, long nowNanos) throws IOException;

    /// The message is whole. The listener may send what comes next.
    void ended(long nowNanos) throws IOException;
  }

  private static final int MOST_LINE = 16 * 1024;

  private enum Part {
    START,
    HEADERS,
    BODY,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILERS
  }

  private final Listener listener;
  private Part part = Part.START;
  private byte[] line = new byte[128];
  private int length;
  private int left;
  private boolean chunked;

  HttpReader(Listener listener) {
    this.listener = listener;
  }

  void read(ByteBuffer bytes, long nowNanos) throws IOException {
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (part == Part.BODY || part == Part.CHUNK) {
        listener.body(next, nowNanos);
        if (--left == 0) {
          bodyRead(nowNanos);
        }
      } else if (next == '\n') {
        length = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        line(nowNanos);
        length = 0;
      } else {
        append(next);
      }
    }
  }

  private void append(byte next) throws IOException {
    if (length == line.length) {
      if (length >= MOST_LINE) {
        throw new IOException("a line of more than " + MOST_LINE + " bytes");
      }
      line = Arrays.copyOf(line, 2 * length);
    }
    line[length++] = next;
  }

  private void line(long nowNanos) throws IOException {
    switch (part) {
      case START -> {
        chunked = false;
        left = listener.begun(text(), nowNanos);
        part = Part.HEADERS;
      }
      case HEADERS -> header(nowNanos);
      case CHUNK_SIZE -> {
        left = chunkSize();
        part = left == 0 ? Part.TRAILERS : Part.CHUNK;
      }
      case CHUNK_END -> part = Part.CHUNK_SIZE;
      case TRAILERS -> {
        if (length == 0) {
          end(nowNanos);
        }
      }
      case BODY, CHUNK -> throw new IllegalStateException("bodies have no lines");
    }
  }

  private void header(long nowNanos) throws IOException {
    if (length == 0) {
      headRead(nowNanos);
      return;
    }
    String header = text().toLowerCase(Locale.ROOT);
    if (header.startsWith("transfer-encoding:") && header.endsWith("chunked")) {
      chunked = true;
    } else if (header.startsWith("content-length:")) {
      left = Integer.parseInt(header.substring(15).strip());
    }
  }

  private void headRead(long nowNanos) throws IOException {
    if (chunked) {
      part = Part.CHUNK_SIZE;
    } else if (left < 0) {
      throw new IOException("a message without a length");
    } else if (left == 0) {
      end(nowNanos);
    } else {
      part = Part.BODY;
    }
  }

  private void bodyRead(long nowNanos) throws IOException {
    if (chunked) {
      part = Part.CHUNK_END;
    } else {
      end(nowNanos);
    }
  }

  private void end(long nowNanos) throws IOException {
    part = Part.START;
    listener.ended(nowNanos);
  }

  private int chunkSize() throws IOException {
    int size = 0;
    for (int i = 0; i < length; i++) {
      int digit = Character.digit(line[i], 16);
      if (digit < 0 || size > 0xff_ffff) {
        throw new IOException("no chunk's size");
      }
      size = 16 * size + digit;
    }
    return size;
  }

  private String text() {
    return new String(line, 0, length, StandardCharsets.US_ASCII);
  }
}
