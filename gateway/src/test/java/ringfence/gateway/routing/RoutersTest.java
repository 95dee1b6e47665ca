package ringfence.gateway.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.Status;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.FakeRouter;
import ringfence.gateway.openai.FailureMapping;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.tls.LinkSecurity;
import ringfence.tls.LoopbackPlaintext;

class RoutersTest {
  private record End(int messages, Status status, Failure failure) {}

  private static final LinkSecurity PLAIN = new LoopbackPlaintext("ringfence.gateway.tls");

  private static final Vertx VERTX = Vertx.vertx();

  private final FakeRouter alive = new FakeRouter(0);
  private final FakeRouter other = new FakeRouter(0);

  @AfterEach
  void close() {
    alive.close();
    other.close();
  }

  @AfterAll
  static void stop() {
    VERTX.close();
  }

  private static String address(int port) {
    return "127.0.0.1:" + port;
  }

  private static int deadPort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static End ask(Routers routers, String model, long millis) throws Exception {
    var end = new CompletableFuture<End>();
    var holder =
        new Object() {
          @Nullable RouterCall<RouteRequest, RouteEvent> call;
          int messages;
        };
    holder.call =
        routers.generate(
            RouteRequest.newBuilder()
                .setRequestId("r")
                .setModel(model)
                .setChoices(1)
                .setPrompt(Prompt.newBuilder().setText("a b"))
                .build(),
            Deadline.after(millis, TimeUnit.MILLISECONDS),
            VERTX.getOrCreateContext(),
            new RouterCall.Listener<>() {
              @Override
              public void onMessage(RouteEvent message) {
                holder.messages++;
                holder.call.request();
              }

              @Override
              public void onEnd(Status status, @Nullable Metadata trailers) {
                end.complete(new End(holder.messages, status, FailureMapping.failure(trailers)));
              }
            },
            null);
    holder.call.start();
    return end.get(20, TimeUnit.SECONDS);
  }

  @Test
  void triesTheNextRouterWhereOneCannotBeReached() throws Exception {
    var routers = new Routers(List.of(address(deadPort()), address(alive.port())), PLAIN);
    for (int i = 0; i < 4; i++) {
      End end = ask(routers, "echo", 20_000);
      assertThat(end.status().isOk()).isTrue();
      assertThat(end.messages()).isEqualTo(6);
    }
    routers.close();
  }

  @Test
  void whoCancelsAtTheEndDoesNotFailACallThatEndsWhileItIsSent() throws Exception {
    // Once a loop's channel knows that its router can't be reached, calls end before they are sent.
    Context loop = VERTX.getOrCreateContext();
    var routers = new Routers(List.of(address(deadPort())), PLAIN);
    for (int i = 0; i < 4; i++) {
      var ended = new CompletableFuture<Status>();
      var started = new CompletableFuture<Void>();
      loop.runOnContext(ignored -> {
        var holder =
            new Object() {
              @Nullable RouterCall<RouteRequest, RouteEvent> call;
            };
        holder.call =
            routers.generate(
                RouteRequest.newBuilder().setRequestId("r").setModel("echo").setChoices(1).build(),
                Deadline.after(20, TimeUnit.SECONDS),
                loop,
                new RouterCall.Listener<>() {
                  @Override
                  public void onMessage(RouteEvent message) {}

                  @Override
                  public void onEnd(Status status, @Nullable Metadata trailers) {
                    holder.call.cancel();
                    ended.complete(status);
                  }
                },
                null);
        try {
          holder.call.start();
          started.complete(null);
        } catch (RuntimeException e) {
          started.completeExceptionally(e);
        }
      });
      assertThat(started).succeedsWithin(Duration.ofSeconds(20));
      assertThat(ended.get(20, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
    routers.close();
  }

  @Test
  void triesTheNextRouterWhereOneIsGoingDown() throws Exception {
    var routers = new Routers(List.of(address(alive.port()), address(other.port())), PLAIN);
    End end = ask(routers, "fails-DRAINING", 20_000);
    assertThat(end.failure().getReason()).isEqualTo(Failure.Reason.DRAINING);
    assertThat(alive.seen()).hasSize(1);
    assertThat(other.seen()).hasSize(1);
    routers.close();
  }

  @Test
  void neverAsksAgainAfterAnAnswerBegan() throws Exception {
    var routers = new Routers(List.of(address(alive.port()), address(other.port())), PLAIN);
    End end = ask(routers, "breaks", 20_000);
    assertThat(end.failure().getReason()).isEqualTo(Failure.Reason.TARGET_LOST);
    assertThat(alive.seen().size() + other.seen().size()).isEqualTo(1);
    routers.close();
  }

  @Test
  void endsAtTheDeadline() throws Exception {
    var routers = new Routers(List.of(address(alive.port())), PLAIN);
    End end = ask(routers, "mute", 300);
    assertThat(end.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(FailureMapping.toError(end.status(), null).status()).isEqualTo(504);
    routers.close();
  }

  @Test
  void withoutAnyRouterTheErrorSaysSo() throws Exception {
    var routers = new Routers(List.of(address(deadPort())), PLAIN);
    End end = ask(routers, "echo", 20_000);
    assertThat(FailureMapping.toError(end.status(), null).code()).isEqualTo("router_unavailable");
    routers.close();
  }

  @Test
  void withoutTlsARouterIsOnThisMachine() {
    assertThatThrownBy(() -> new Routers(List.of("router.example:7410"), PLAIN))
        .hasMessageContaining("ringfence.gateway.routers")
        .hasMessageContaining("ringfence.gateway.tls.certificate");
  }

  @Test
  void refusesAnAddressWithoutAPort() {
    assertThatThrownBy(() -> new Routers(List.of("router"), PLAIN))
        .hasMessageContaining("ringfence.gateway.routers");
    assertThatThrownBy(() -> new Routers(List.of(), PLAIN))
        .hasMessageContaining("ringfence.gateway.routers");
  }
}
