import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/// A streamed answer, piece by piece, each due at its time: the head at once, the tokens, and with the last of these what ends it.
final class TimedAnswer implements Delayed {
  /// When a socket is tried again that took only a part of a piece.
  private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /// Pieces after the last token.
  private static final int ENDING = 4;

  private static final byte[] HEAD =
      ascii("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  private static final byte[] FIRST_TOKEN = token("\"role\":\"assistant\",");
  private static final byte[] TOKEN = token("");
  private static final byte[] FINISH = event("{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}", "");
  private static final byte[] DONE = chunk("data: [DONE]\n\n");
  private static final byte[] END = ascii("0\r\n\r\n");

  private final SocketChannel channel;
  private final int tokens;
  private final long arrivedNanos;
  private final long firstNanos;
  private final long eachNanos;
  private int next;
  private long dueNanos;
  private ByteBuffer rest;

  TimedAnswer(SocketChannel channel, int tokens, long arrivedNanos, long firstNanos, long eachNanos) {
    this.channel = channel;
    this.tokens = tokens;
    this.arrivedNanos = arrivedNanos;
    this.firstNanos = firstNanos;
    this.eachNanos = eachNanos;
    dueNanos = arrivedNanos;
  }

  /// Writes what is due.
  ///
  /// @param piece holds any piece; the caller's, for what is written
  /// @return whether more will be due
  boolean write(ByteBuffer piece) throws IOException {
    while (dueNanos - System.nanoTime() <= 0) {
      send(rest == null ? piece.clear().put(piece(next++)).flip() : rest);
      if (rest != null) {
        dueNanos = System.nanoTime() + AGAIN_NANOS;
      } else if (next > tokens + ENDING) {
        return false;
      } else if (next <= tokens) {
        dueNanos = arrivedNanos + firstNanos + (next - 1) * eachNanos;
      }
    }
    return true;
  }

  private void send(ByteBuffer bytes) throws IOException {
    channel.write(bytes);
    if (!bytes.hasRemaining()) {
      rest = null;
    } else if (bytes != rest) {
      rest = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }
  }

  private byte[] piece(int index) {
    if (index == 0) {
      return HEAD;
    }
    if (index <= tokens) {
      return index == 1 ? FIRST_TOKEN : TOKEN;
    }
    return switch (index - tokens) {
      case 1 -> FINISH;
      case 2 -> usage();
      case 3 -> DONE;
      default -> END;
    };
  }

  private byte[] usage() {
    return event("", ",\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":" + tokens + ",\"total_tokens\":" + (500 + tokens) + "}");
  }

  private static byte[] token(String role) {
    return event("{\"index\":0,\"delta\":{" + role + "\"content\":\" fence\"},\"finish_reason\":null}", "");
  }

  private static byte[] event(String choice, String more) {
    return chunk(
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"far\",\"choices\":["
            + choice + "]" + more + "}\n\n");
  }

  private static byte[] chunk(String text) {
    return ascii(Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public long getDelay(TimeUnit unit) {
    return unit.convert(dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  @Override
  public int compareTo(Delayed other) {
    return Long.signum(dueNanos - ((TimedAnswer) other).dueNanos);
  }
}
