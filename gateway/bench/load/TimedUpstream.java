import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/// An OpenAI-compatible endpoint that only takes its time: the same timing as a simulated node's, for gateways that
/// speak HTTP to what is behind them. `max_tokens` tells how many events there are.
final class TimedUpstream {
  private final long firstNanos;
  private final long eachNanos;

  TimedUpstream(long firstNanos, long eachNanos) {
    this.firstNanos = firstNanos;
    this.eachNanos = eachNanos;
  }

  void serve(int port) throws IOException {
    try (ServerSocket server = new ServerSocket(port, 1024, InetAddress.getLoopbackAddress())) {
      while (true) {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> converse(socket));
      }
    }
  }

  private void converse(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 16_384);
      OutputStream out = socket.getOutputStream();
      while (answer(in, out)) {
        // The next request on this connection.
      }
    } catch (IOException e) {
      // The client left.
    }
  }

  private boolean answer(InputStream in, OutputStream out) throws IOException {
    String request = line(in);
    if (request == null) {
      return false;
    }
    int length = 0;
    boolean chunked = false;
    for (String header = line(in); header != null && !header.isEmpty(); header = line(in)) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Integer.parseInt(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = true;
      }
    }
    long arrived = System.nanoTime();
    if (request.startsWith("GET")) {
      respond(out, "application/json", "{\"object\":\"list\",\"data\":[{\"id\":\"far\",\"object\":\"model\"}]}");
      return true;
    }
    String body = chunked ? chunks(in) : new String(in.readNBytes(length), StandardCharsets.UTF_8);
    int tokens = (int) number(body, "\"max_tokens\":", 16);
    String head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    for (int i = 0; i < tokens; i++) {
      sleepUntil(arrived + firstNanos + i * eachNanos);
      event(out, "{\"index\":0,\"delta\":{" + (i == 0 ? "\"role\":\"assistant\"," : "") + "\"content\":\" fence\"},\"finish_reason\":null}", "");
    }
    event(out, "{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}", "");
    event(out, "", ",\"usage\":{\"prompt_tokens\":500,\"completion_tokens\":" + tokens + ",\"total_tokens\":" + (500 + tokens) + "}");
    chunk(out, "data: [DONE]\n\n");
    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    return true;
  }

  private static void event(OutputStream out, String choice, String more) throws IOException {
    chunk(
        out,
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"far\",\"choices\":["
            + choice + "]" + more + "}\n\n");
  }

  private static void chunk(OutputStream out, String text) throws IOException {
    byte[] bytes = (Integer.toHexString(text.length()) + "\r\n" + text + "\r\n").getBytes(StandardCharsets.US_ASCII);
    out.write(bytes);
  }

  private static void respond(OutputStream out, String type, String body) throws IOException {
    out.write(
        ("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII));
  }

  private static long number(String text, String after, long otherwise) {
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
    return to == from ? otherwise : Long.parseLong(text.substring(from, to));
  }

  private static void sleepUntil(long nanos) {
    for (long left = nanos - System.nanoTime(); left > 0; left = nanos - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private static String chunks(InputStream in) throws IOException {
    StringBuilder all = new StringBuilder();
    while (true) {
      String size = line(in);
      int length = Integer.parseInt(size == null ? "0" : size.strip(), 16);
      all.append(new String(in.readNBytes(length), StandardCharsets.UTF_8));
      line(in);
      if (length == 0) {
        return all.toString();
      }
    }
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        return null;
      }
      line.append((char) next);
    }
    if (line.length() > 0 && line.charAt(line.length() - 1) == '\r') {
      line.setLength(line.length() - 1);
    }
    return line.toString();
  }
}
