package ringfence.router;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/// An endpoint of others that speaks OpenAI's API over real HTTP.
public final class FakeUpstream implements AutoCloseable {
  /// What it got.
  public record Asked(String method, String path, Map<String, String> headers, String body) {}

  /// How it answers.
  public interface Behaviour {
    void run(Asked asked, HttpExchange exchange) throws IOException, InterruptedException;
  }

  public final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  public final AtomicInteger hungUp = new AtomicInteger();
  public volatile Behaviour behaviour = FakeUpstream::hello;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  public FakeUpstream() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  private void handle(HttpExchange exchange) throws IOException {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Asked one =
        new Asked(exchange.getRequestMethod(), exchange.getRequestURI().toString(), headers, body);
    asked.add(one);
    try (exchange) {
      behaviour.run(one, exchange);
    } catch (IOException gone) {
      hungUp.incrementAndGet();
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  /// Begins a stream; each event is to be flushed by [#event].
  public static OutputStream stream(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    return exchange.getResponseBody();
  }

  public static void event(OutputStream out, String data) throws IOException {
    out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  public static String text(String content) {
    return "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + content + "\"}}]}";
  }

  public static String finish(String reason) {
    return "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" + reason + "\"}]}";
  }

  public static String usage(int prompt, int answer) {
    return "{\"choices\":[],\"usage\":{\"prompt_tokens\":"
        + prompt
        + ",\"completion_tokens\":"
        + answer
        + "}}";
  }

  public static Behaviour saying(List<String> events) {
    return (asked, exchange) -> {
      try (OutputStream out = stream(exchange)) {
        for (String event : events) {
          event(out, event);
        }
      }
    };
  }

  public static Behaviour refusing(int status, String body) {
    return (asked, exchange) -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  private static void hello(Asked asked, HttpExchange exchange)
      throws IOException, InterruptedException {
    saying(List.of(text("Hel"), text("lo"), finish("stop"), usage(5, 2), "[DONE]"))
        .run(asked, exchange);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
