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
import java.util.concurrent.locks.LockSupport;
import ringfence.gateway.openai.ChatRequest;
import ringfence.gateway.openai.RequestMapping;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.RoutingGrpc;

/// What a running gateway adds: `AddedTime URL ROUTER_PORT` listens as the gateway's router, asks
/// it and the router alone for the same answer (2 KB prompt, 32 tokens) at 200 requests a second,
/// and times how long the router's call outlives a client that hangs up.
final class AddedTime {
  private static final int RATE = 200;
  private static final int SECONDS = 15;
  private static final int WARM_UP = 10;
  private static final String BODY =
      "{\"model\":\"echo\",\"stream\":true,\"max_tokens\":32,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
          .formatted("All work and no play. ".repeat(93));

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
      var stub = RoutingGrpc.newBlockingStub(channel);
      RouteRequest route =
          RequestMapping.toRoute(ChatRequest.read(BODY.getBytes(StandardCharsets.UTF_8)))
              .setRequestId("direct")
              .build();
      HttpRequest request =
          HttpRequest.newBuilder(url).POST(HttpRequest.BodyPublishers.ofString(BODY)).build();
      Ask direct = () -> stub.generate(route).forEachRemaining(event -> {});
      Ask through =
          () -> {
            int status = http.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
            if (status != 200) {
              throw new IllegalStateException("status " + status);
            }
          };
      load(direct, WARM_UP);
      load(through, WARM_UP);
      for (int round = 0; round < 2; round++) {
        print("router alone", load(direct, SECONDS));
        print("through the gateway", load(through, SECONDS));
      }
      router.forget();
      print("hang-up to cancel", hangUps(router, url));
      channel.shutdownNow();
    }
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
    String body = BODY.replace("echo", "stuck");
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
        "%-20s p50 %.2f ms  p90 %.2f ms  p99 %.2f ms  max %.2f ms%n",
        what,
        millis[millis.length / 2],
        millis[millis.length * 9 / 10],
        millis[millis.length * 99 / 100],
        millis[millis.length - 1]);
  }
}
