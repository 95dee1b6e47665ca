package ringfence.gateway;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import ringfence.gateway.openai.ChatRequest;
import ringfence.gateway.openai.RequestMapping;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;

/// What a running gateway adds: `AddedTime URL ROUTER_PORT` listens as the gateway's router, asks
/// it and the router alone for the same answer (2 KB prompt, 1 token and 32) at 200 requests a
/// second, and times how long the router's call outlives a client that hangs up.
final class AddedTime {
  private static final int RATE = 200;
  private static final int SECONDS = 10;
  private static final int WARM_UP = 8;
  private static final String BODY =
      "{\"model\":\"echo\",\"stream\":true,\"max_tokens\":%d,\"messages\":[{\"role\":\"user\",\"content\":\""
          + "All work and no play. ".repeat(93)
          + "\"}]}";

  private AddedTime() {}

  private interface Ask {
    void run() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    URI url = URI.create(args[0] + "/v1/chat/completions");
    try (var router = new FakeRouter(Integer.parseInt(args[1]));
        var http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", router.port()).usePlaintext().build();
      for (int tokens : new int[] {1, 32}) {
        String body = BODY.formatted(tokens);
        Ask direct = alone(channel, body);
        Ask through = through(http, url, body);
        load(direct, WARM_UP);
        load(through, WARM_UP);
        for (int round = 0; round < 2; round++) {
          print(tokens + " tokens, router alone", load(direct, SECONDS));
          print(tokens + " tokens, through the gateway", load(through, SECONDS));
        }
      }
      router.forget();
      print("hang-up to cancel", hangUps(router, url));
      channel.shutdownNow();
    }
  }

  private static Ask alone(ManagedChannel channel, String body) {
    var stub = RoutingGrpc.newBlockingStub(channel);
    RouteRequest route =
        RequestMapping.toRoute(ChatRequest.read(body.getBytes(StandardCharsets.UTF_8))).build();
    var count = new AtomicInteger();
    return () ->
        stub.generate(route.toBuilder().setRequestId("d" + count.getAndIncrement()).build())
            .forEachRemaining(event -> {});
  }

  private static Ask through(HttpClient http, URI url, String body) {
    HttpRequest request =
        HttpRequest.newBuilder(url).POST(HttpRequest.BodyPublishers.ofString(body)).build();
    return () -> {
      int status = http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
      if (status != 200) {
        throw new IllegalStateException("status " + status);
      }
    };
  }

  /// Open loop: a late answer does not delay the next question.
  private static double[] load(Ask ask, int seconds) throws InterruptedException {
    int count = RATE * seconds;
    var millis = new double[count];
    var left = new CountDownLatch(count);
    long begin = System.nanoTime();
    for (int i = 0; i < count; i++) {
      long due = begin + i * TimeUnit.SECONDS.toNanos(1) / RATE;
      LockSupport.parkNanos(due - System.nanoTime());
      int index = i;
      Thread.ofVirtual()
          .start(() -> {
            long start = System.nanoTime();
            try {
              ask.run();
              millis[index] = (System.nanoTime() - start) / 1e6;
            } catch (Exception e) {
              millis[index] = Double.POSITIVE_INFINITY;
            } finally {
              left.countDown();
            }
          });
    }
    left.await();
    return millis;
  }

  private static double[] hangUps(FakeRouter router, URI url) throws Exception {
    var millis = new double[200];
    String body = BODY.formatted(1).replace("echo", "stuck");
    for (int i = 0; i < millis.length; i++) {
      try (var socket = new Socket(url.getHost(), url.getPort())) {
        socket
            .getOutputStream()
            .write(
                ("POST "
                        + url.getPath()
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body)
                    .getBytes(StandardCharsets.US_ASCII));
        router.seen().take();
        var _ = socket.getInputStream().read();
      }
      long gone = System.nanoTime();
      router.cancelled().take();
      millis[i] = (System.nanoTime() - gone) / 1e6;
    }
    return millis;
  }

  private static void print(String what, double[] millis) {
    Arrays.sort(millis);
    System.out.printf(
        "%-32s p50 %.2f ms  p90 %.2f ms  p99 %.2f ms  max %.2f ms%n",
        what,
        millis[millis.length / 2],
        millis[millis.length * 9 / 10],
        millis[millis.length * 99 / 100],
        millis[millis.length - 1]);
  }
}
