import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.DelayQueue;

/// An OpenAI-compatible endpoint that only takes its time: the same timing as a simulated node's, for gateways that
/// speak HTTP to what is behind them. `max_tokens` tells how many events there are. One thread reads requests, one writes
/// answers: it wakes when the next is due, however many are open.
final class TimedUpstream {
  private static final int BACKLOG = 1024;
  private static final int MOST_PIECE = 512;

  private final long firstNanos;
  private final long eachNanos;
  private final DelayQueue<TimedAnswer> due = new DelayQueue<>();

  TimedUpstream(long firstNanos, long eachNanos) {
    this.firstNanos = firstNanos;
    this.eachNanos = eachNanos;
  }

  void serve(int port) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open();
        Loop loop = new Loop()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
      server.configureBlocking(false);
      loop.watch(server, SelectionKey.OP_ACCEPT, (key, bytes) -> accept(loop, server));
      Thread.ofPlatform().name("answers").daemon().start(this::write);
      loop.run(new Forever());
    }
  }

  private void accept(Loop loop, ServerSocketChannel server) {
    try {
      for (SocketChannel accepted = server.accept(); accepted != null; accepted = server.accept()) {
        new Conversation(loop, accepted);
      }
    } catch (IOException e) {
      // The client left.
    }
  }

  private void write() {
    ByteBuffer piece = ByteBuffer.allocateDirect(MOST_PIECE);
    while (true) {
      try {
        TimedAnswer answer = due.take();
        if (answer.write(piece)) {
          due.add(answer);
        }
      } catch (IOException e) {
        // The client left.
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private static final class Forever implements Work {
    @Override
    public long begin(long nowNanos) {
      return Long.MAX_VALUE;
    }

    @Override
    public boolean isOver(long nowNanos) {
      return false;
    }
  }

  /// One client's connection.
  private final class Conversation extends Connection implements HttpReader.Listener {
    private static final int MOST_BODY = 16 * 1024 * 1024;
    private static final String MODELS = "{\"object\":\"list\",\"data\":[{\"id\":\"far\",\"object\":\"model\"}]}";
    private static final byte[] MODELS_ANSWER =
        ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + MODELS.length() + "\r\n\r\n" + MODELS)
            .getBytes(StandardCharsets.US_ASCII);

    private final HttpReader reader = new HttpReader(this);
    private final ByteArrayOutputStream body = new ByteArrayOutputStream(4096);
    private boolean asksForModels;
    private long arrivedNanos;

    Conversation(Loop loop, SocketChannel accepted) throws IOException {
      super(loop, accepted, MOST_PIECE);
    }

    @Override
    void heard(ByteBuffer bytes, long nowNanos) throws IOException {
      reader.read(bytes, nowNanos);
    }

    @Override
    public int begun(String start, long nowNanos) {
      asksForModels = start.startsWith("GET");
      arrivedNanos = nowNanos;
      body.reset();
      return 0;
    }

    @Override
    public void body(byte next, long nowNanos) throws IOException {
      if (body.size() == MOST_BODY) {
        throw new IOException("a body of more than " + MOST_BODY + " bytes");
      }
      body.write(next);
    }

    @Override
    public void ended(long nowNanos) throws IOException {
      if (asksForModels) {
        out.put(MODELS_ANSWER);
        flush();
        return;
      }
      int tokens = number(body.toString(StandardCharsets.UTF_8), "\"max_tokens\":", 16);
      due.add(new TimedAnswer(channel(), tokens, arrivedNanos, firstNanos, eachNanos));
    }

    @Override
    void lost() {
      // Writing what is still due finds out.
    }
  }

  private static int number(String text, String after, int otherwise) {
    int at = text.indexOf(after);
    if (at < 0) {
      return otherwise;
    }
    int from = at + after.length();
    while (from < text.length() && text.charAt(from) == ' ') {
      from++;
    }
    int to = from;
    while (to < text.length() && Character.isDigit(text.charAt(to))) {
      to++;
    }
    return to == from ? otherwise : Integer.parseInt(text.substring(from, to));
  }
}
