package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;

/// Readers that lag, and readers that go.
@Timeout(120)
class FlowTest {
  private static final int MILLION = 1_000_000;

  /// What may be under way at once: two HTTP/2 windows of 1 MiB, and what waits to be written.
  private static final int MOST_BYTES_UNDER_WAY = 3 << 20;

  private static final int BYTES_OF_AN_EVENT = 1_000;

  private final TestRouter router = new TestRouter();
  private final TestGateway gateway = new TestGateway(router.address());
  private final FakeNode node = new FakeNode("one").withContext(2 * MILLION);

  @AfterEach
  void close() {
    gateway.close();
    node.close();
    router.close();
  }

  @Test
  void aSlowReaderHoldsTheNodeBack() throws Exception {
    node.doing(node.flooding(MILLION, BYTES_OF_AN_EVENT)).register(router.address());
    Reading reading = gateway.askSlowly(TestGateway.request().build());
    reading.keep = false;
    long ahead = 0;
    for (int asked = 100; asked <= 20_000; asked += 100) {
      reading.request(100);
      reading.awaitTokens(asked - 2);
      ahead = Math.max(ahead, node.eventsSent.get() - reading.tokens.get());
    }
    assertThat(ahead).isLessThan(MOST_BYTES_UNDER_WAY / BYTES_OF_AN_EVENT);
    reading.hangUp();
    assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).startsWith("cancelled");
  }

  @Test
  void aClientThatGoesEndsItsAttemptOnTheNode() throws Exception {
    node.doing(node.stallingAfter(2)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setRequestId("going").build());
    reading.awaitTokens(2);
    reading.hangUp();
    assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).isEqualTo("cancelled going");
    router.awaitInFlight(0);
  }

  @Test
  void twoHundredClientsThatGoLeaveNothingBehind() throws Exception {
    node.maxSequences = 256;
    node.doing(node.stallingAfter(1)).register(router.address());
    Reading first = gateway.ask(TestGateway.request().build());
    first.awaitTokens(1);
    first.hangUp();
    assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).startsWith("cancelled");
    router.awaitInFlight(0);
    int threads = routerThreads();
    List<Reading> readings = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      readings.add(gateway.ask(TestGateway.request().build()));
    }
    for (Reading reading : readings) {
      reading.awaitTokens(1);
    }
    assertThat(node.openStreams).hasValue(200);
    readings.forEach(Reading::hangUp);
    for (int i = 0; i < 200; i++) {
      assertThat(node.streamEnds.poll(10, TimeUnit.SECONDS)).startsWith("cancelled");
    }
    router.awaitInFlight(0);
    assertThat(node.openStreams).hasValue(0);
    assertThat(routerThreads()).isLessThanOrEqualTo(Math.max(threads, router.mostThreads()));
    node.doing(node.answering(4));
    assertThat(gateway.ask(TestGateway.request().build()).code()).isEqualTo(Status.Code.OK);
  }

  private static int routerThreads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith("router-"))
            .count();
  }

  @Test
  void aFullQueueIsRefusedWithATimeToTryAgain() throws Exception {
    node.doing(node.stallingAfter(1)).register(router.address());
    List<Reading> readings = new ArrayList<>();
    for (int i = 0; i < 16 + router.queueLimit; i++) {
      readings.add(gateway.ask(TestGateway.request().build()));
    }
    for (Reading reading : readings) {
      reading.awaitTokens(1);
    }
    Reading late = gateway.ask(TestGateway.request().build());
    assertThat(late.failure().getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(late.failure().getRetryAfterMillis()).isPositive();
  }

  @Test
  void drainsWhatIsInFlightAndTakesNothingNew() throws Exception {
    try (TestRouter draining = new TestRouter(Duration.ofSeconds(20), 64);
        TestGateway asking = new TestGateway(draining.address());
        FakeNode slow = new FakeNode("slow")) {
      var held = new java.util.concurrent.CompletableFuture<Runnable>();
      slow.doing(
              (request, events) -> {
                slow.begin(request, events);
                slow.tokens(request, events, 1);
                held.complete(() -> slow.answerRest(request, events, 8));
              })
          .register(draining.address());
      Reading begun = asking.ask(TestGateway.request().build());
      begun.awaitTokens(1);
      Thread closing = Thread.ofPlatform().start(draining::close);
      draining.awaitDraining();
      Reading late = asking.ask(TestGateway.request().build());
      assertThat(late.failure().getReason()).isEqualTo(Reason.DRAINING);
      held.get(5, TimeUnit.SECONDS).run();
      assertThat(begun.code()).isEqualTo(Status.Code.OK);
      assertThat(begun.offsetsOf(0)).hasSize(8);
      assertThat(closing.join(Duration.ofSeconds(20))).isTrue();
    }
  }
}
