package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;

/// Nodes that are left although they have not failed, and requests that wait, over real gRPC.
@Timeout(60)
class LeavingTest {
  private static final List<Integer> EIGHT = IntStream.range(0, 8).boxed().toList();
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);
  private final List<AutoCloseable> open = new ArrayList<>();
  private TestRouter router;
  private TestGateway gateway;

  private void start(DispatchLimits limits, int queueLimit) {
    router = new TestRouter(SHORT, queueLimit, limits);
    gateway = new TestGateway(router.address());
  }

  @AfterEach
  void close() throws Exception {
    gateway.close();
    for (AutoCloseable one : open) {
      one.close();
    }
    router.close();
  }

  private FakeNode node(String name) {
    FakeNode node = new FakeNode(name);
    open.add(node);
    return node;
  }

  @Test
  void aNodeThatFallsSilentIsLeftForAnother() throws Exception {
    start(new DispatchLimits(4, SHORT, Duration.ZERO, LONG), 64);
    FakeNode silent = node("silent");
    silent.doing(silent.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setRequestId("stalled").build());
    reading.awaitTokens(3);
    FakeNode awake = node("awake").register(router.address());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.nodes()).containsExactly("silent", "awake");
    assertThat(silent.cancels.poll(10, TimeUnit.SECONDS).getRequestId()).isEqualTo("stalled");
    assertThat(awake.idsOf(awake.requests.poll(5, TimeUnit.SECONDS), 0)).containsExactly(0, 1, 2);
  }

  @Test
  void aHedgeRacesTheFirstTokenAndOnlyOneStreamIsHeard() throws Exception {
    start(new DispatchLimits(4, LONG, SHORT, LONG), 64);
    for (String name : List.of("one", "two")) {
      FakeNode node = node(name);
      FakeNode.Behaviour answers = node.answering(8);
      node.doing(
              (request, events) -> {
                if (request.getAttempt() == 1) {
                  node.begin(request, events);
                } else {
                  answers.run(request, events);
                }
              })
          .register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().setRequestId("raced").build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.nodes()).hasSize(1);
    String loser = reading.nodes().getFirst().equals("one") ? "two" : "one";
    for (AutoCloseable node : open) {
      if (((FakeNode) node).name.equals(loser)) {
        assertThat(((FakeNode) node).streamEnds.poll(10, TimeUnit.SECONDS))
            .isEqualTo("cancelled raced");
      }
    }
  }

  @Test
  void anAttemptThatItsOwnHedgeFencedOffDoesNotEndTheRequest() throws Exception {
    start(new DispatchLimits(4, LONG, SHORT, LONG), 64);
    // Two names of one process: the older attempt is refused when the newer one is there.
    var older = new CompletableFuture<Runnable>();
    for (String name : List.of("one", "two")) {
      FakeNode node = node(name);
      FakeNode.Behaviour answers = node.answering(8);
      FakeNode.Behaviour refuses = node.refusing(Reason.STALE_ATTEMPT);
      node.doing(
              (request, events) -> {
                if (request.getAttempt() == 1) {
                  older.complete(() -> refuses.run(request, events));
                } else {
                  older.join().run();
                  TestRouter.await(() -> router.attemptsEnded(Reason.STALE_ATTEMPT) == 1);
                  answers.run(request, events);
                }
              })
          .register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().setRequestId("fenced").build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
  }

  @Test
  void aHedgeStaysInTheZoneOfTheAttempt() throws Exception {
    start(new DispatchLimits(4, LONG, SHORT, LONG), 64);
    FakeNode near = node("near");
    var started = new CompletableFuture<Runnable>();
    near.doing(
            (request, events) -> {
              near.begin(request, events);
              started.complete(() -> {
                near.tokens(request, events, 8);
                near.end(request, events, 8);
              });
            })
        .register(router.address());
    FakeNode far = node("far").in(Zone.ZONE_DATACENTER).register(router.address());
    var request = TestGateway.request();
    request.getLabelBuilder().setFarthestZone(Zone.ZONE_DATACENTER);
    Reading reading = gateway.ask(request.build());
    Runnable answer = started.get(10, TimeUnit.SECONDS);
    // The hedging time passes: a later alarm of the same length has run.
    assertThat(far.requests.poll(2 * SHORT.toMillis(), TimeUnit.MILLISECONDS)).isNull();
    answer.run();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.nodes()).containsExactly("near");
  }

  @Test
  void aDrainedNodesAnswersMoveAndItGetsNoMore() throws Exception {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 64);
    FakeNode one = node("one");
    one.doing(one.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitTokens(3);
    node("two").register(router.address());
    var drained =
        gateway.blocking().drainNode(DrainNodeRequest.newBuilder().setNode("one").build());
    assertThat(drained.getMoving()).isEqualTo(1);
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.nodes()).containsExactly("one", "two");
    for (int i = 0; i < 4; i++) {
      Reading next = gateway.ask(TestGateway.request().setTenant("t" + i).build());
      assertThat(next.code()).isEqualTo(Status.Code.OK);
      assertThat(next.nodes()).containsExactly("two");
    }
    assertThat(one.requests).hasSize(1);
  }

  @Test
  void drainingAnUnknownNodeSaysSo() {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 64);
    var call = gateway.blocking();
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> call.drainNode(DrainNodeRequest.newBuilder().setNode("nobody").build()))
        .hasMessageContaining("no node of that name");
  }

  @Test
  void aRequestWithoutRoomIsServedWhenRoomComes() throws Exception {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 0);
    FakeNode one = node("one");
    one.maxSequences = 1;
    FakeNode.Behaviour answers = one.answering(8);
    one.doing(
            (request, events) -> {
              if (one.requests.size() == 1) {
                one.begin(request, events);
              } else {
                answers.run(request, events);
              }
            })
        .register(router.address());
    Reading first = gateway.ask(TestGateway.request().build());
    first.awaitEvents(1);
    Reading second = gateway.ask(TestGateway.request().build());
    router.awaitInFlight(2);
    first.hangUp();
    assertThat(second.code()).isEqualTo(Status.Code.OK);
    assertThat(second.offsetsOf(0)).isEqualTo(EIGHT);
  }

  @Test
  void aRequestWhoseOnlyNodesHaveJustGoneWaitsForThemAndGoesNowhereElse() throws Exception {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 64);
    FakeNode far = node("far").register(router.address());
    FakeNode near = node("near").in(Zone.ZONE_DEVICE).register(router.address());
    router.awaitNodes(2);
    near.loseRouter();
    router.awaitNodes(1);
    var onDevice = TestGateway.request();
    onDevice.getLabelBuilder().setFarthestZone(Zone.ZONE_DEVICE);
    Reading waiting = gateway.ask(onDevice.build());
    router.awaitInFlight(1);
    // Who may go farther need not wait behind who may not.
    Reading farther = gateway.ask(TestGateway.request().build());
    assertThat(farther.code()).isEqualTo(Status.Code.OK);
    assertThat(farther.nodes()).containsExactly("far");
    node("near").in(Zone.ZONE_DEVICE).register(router.address());
    assertThat(waiting.code()).isEqualTo(Status.Code.OK);
    assertThat(waiting.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(waiting.nodes()).containsExactly("near");
    assertThat(far.requests).hasSize(1);
  }

  @Test
  void aRequestWhoseNodesDoNotComeBackIsToldSo() throws Exception {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 64);
    node("far").in(Zone.ZONE_DATACENTER).register(router.address());
    FakeNode near = node("near").register(router.address());
    router.awaitNodes(2);
    near.loseRouter();
    router.awaitNodes(1);
    Reading reading = gateway.ask(TestGateway.request().setMaxWaitMillis(1_000).build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(reading.failure().getRetryAfterMillis()).isPositive();
    assertThat(reading.failure().getMessage()).contains("1 lost", "has waited");
    var never = TestGateway.request();
    never.getLabelBuilder().setFarthestZone(Zone.ZONE_DEVICE);
    assertThat(gateway.ask(never.build()).failure().getReason())
        .isEqualTo(Reason.NO_TARGET_IN_ZONE);
  }

  @Test
  void aRequestThatWaitedInVainIsToldWhyAndWhenToComeBack() throws Exception {
    start(new DispatchLimits(4, LONG, Duration.ZERO, LONG), 0);
    FakeNode one = node("one");
    one.maxSequences = 1;
    one.doing(one.stallingAfter(1)).register(router.address());
    gateway.ask(TestGateway.request().build()).awaitTokens(1);
    Reading second = gateway.ask(TestGateway.request().setMaxWaitMillis(100).build());
    assertThat(second.failure().getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(second.failure().getRetryAfterMillis()).isPositive();
    assertThat(second.failure().getMessage())
        .contains("zone site or nearer", "1 no room in its queue", "has waited");
    assertThat(one.requests).hasSize(1);
  }
}
