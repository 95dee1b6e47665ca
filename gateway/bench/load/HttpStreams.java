import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// An OpenAI-compatible server: as many connections as there are streams open, each used again.
final class HttpStreams implements Client {
  private final Loop loop;
  private final InetSocketAddress address;
  private final byte[] usual;
  private final byte[] kept;
  private final Set<HttpStream> all = new HashSet<>();
  private final Deque<HttpStream> idle = new ArrayDeque<>();

  /// @param key `-`: none
  HttpStreams(Loop loop, URI base, String key, String body) {
    this.loop = loop;
    this.address = new InetSocketAddress(base.getHost(), base.getPort());
    this.usual = request(base, key, body, "");
    this.kept = request(base, key, body, "traceparent: " + KEPT_TRACE + "\r\n");
  }

  private static byte[] request(URI base, String key, String body, String header) {
    // ASCII throughout: as many bytes as characters.
    return ("POST " + base.getPath() + "/chat/completions HTTP/1.1\r\nHost: " + base.getHost() + ":" + base.getPort()
            + "\r\nContent-Type: application/json\r\n"
            + (key.equals("-") ? "" : "Authorization: Bearer " + key + "\r\n")
            + header
            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
        .getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void ask(Call call) {
    HttpStream stream = idle.pollFirst();
    if (stream == null) {
      try {
        stream = new HttpStream(loop, address, kept.length, this);
      } catch (IOException refused) {
        call.ended(false);
        return;
      }
      all.add(stream);
    }
    stream.ask(call, call.isKept() ? kept : usual);
  }

  void idle(HttpStream stream) {
    idle.addFirst(stream);
  }

  void lost(HttpStream stream) {
    all.remove(stream);
    idle.remove(stream);
  }

  @Override
  public void close() {
    List.copyOf(all).forEach(HttpStream::close);
  }
}
