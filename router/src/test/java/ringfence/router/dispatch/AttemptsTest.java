package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;

/// One answer from several attempts, over real gRPC: nothing lost, nothing twice.
@Timeout(60)
class AttemptsTest {
  private static final List<Integer> EIGHT = IntStream.range(0, 8).boxed().toList();
  private final TestRouter router = new TestRouter();
  private final TestGateway gateway = new TestGateway(router.address());
  private final List<FakeNode> nodes = new ArrayList<>();

  @AfterEach
  void close() {
    gateway.close();
    nodes.forEach(FakeNode::close);
    router.close();
  }

  private FakeNode node(String name) {
    FakeNode node = new FakeNode(name);
    nodes.add(node);
    return node;
  }

  /// The first attempt does one thing, wherever it lands, and later ones answer.
  private void firstAttempt(FakeNode node, FakeNode.Behaviour first) {
    FakeNode.Behaviour later = node.answering(8);
    node.doing(
        (request, events) -> (request.getAttempt() == 1 ? first : later).run(request, events));
  }

  @ParameterizedTest
  @EnumSource(
      value = Reason.class,
      names = {"NO_CAPACITY", "DRAINING", "UNKNOWN_MODEL", "INTERNAL"})
  void goesOnElsewhereWhenANodeRefuses(Reason reason) throws Exception {
    for (String name : List.of("one", "two")) {
      FakeNode node = node(name);
      firstAttempt(node, node.refusing(reason));
      node.register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.events.getLast().getDone().getAttempts()).isEqualTo(2);
    assertThat(reading.nodes()).hasSize(1);
  }

  @Test
  void goesOnElsewhereWhenANodeCannotBeReached() throws Exception {
    FakeNode gone = node("gone");
    FakeNode alive = node("alive");
    alive.register(router.address());
    gone.register(router.address());
    gone.stopServing();
    for (int i = 0; i < 4; i++) {
      Reading reading = gateway.ask(TestGateway.request().setTenant("t" + i).build());
      assertThat(reading.code()).isEqualTo(Status.Code.OK);
      assertThat(reading.nodes()).containsExactly("alive");
    }
  }

  @Test
  void resumesAtTheOffsetWhereTheNodeDied() throws Exception {
    FakeNode one = node("one");
    one.doing(one.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setChoices(2).build());
    reading.awaitTokens(6);
    FakeNode two = node("two").register(router.address());
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.offsetsOf(1)).isEqualTo(EIGHT);
    assertThat(reading.nodes()).containsExactly("one", "two");
    GenerationRequest resumed = two.requests.poll(5, TimeUnit.SECONDS);
    GenerationRequest begun = one.requests.poll(5, TimeUnit.SECONDS);
    assertThat(resumed.getAttempt()).isEqualTo(2);
    assertThat(resumed.getModelDigest()).isEqualTo(FakeNode.DIGEST);
    assertThat(two.idsOf(resumed, 0)).containsExactly(0, 1, 2);
    assertThat(two.idsOf(resumed, 1)).containsExactly(1000, 1001, 1002);
    assertThat(resumed.getSampling()).isEqualTo(begun.getSampling());
    assertThat(resumed.getPrompt()).isEqualTo(begun.getPrompt());
    assertThat(reading.events.stream().filter(RouteEvent::hasBegun)).hasSize(1);
    assertThat(reading.events.getLast().getDone().getUsage().getAnswerTokens()).isEqualTo(16);
  }

  @Test
  void aFinishedChoiceIsNotRestarted() throws Exception {
    FakeNode one = node("one");
    one.doing(
            (request, events) -> {
              one.begin(request, events);
              one.tokens(request, events, 2);
              one.finish(request, events, 1, 2);
            })
        .register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setChoices(2).build());
    reading.awaitEvents(7);
    FakeNode two = node("two").register(router.address());
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
    assertThat(reading.offsetsOf(1)).containsExactly(0, 1);
    assertThat(two.requests.poll(5, TimeUnit.SECONDS).getChoicesList())
        .singleElement()
        .satisfies(start -> assertThat(start.getIndex()).isZero());
    assertThat(reading.events.stream().filter(RouteEvent::hasFinish)).hasSize(2);
  }

  @Test
  void aDeadNodeThatHadFinishedEverythingCompletesTheAnswer() throws Exception {
    FakeNode one = node("one");
    one.doing(
            (request, events) -> {
              one.begin(request, events);
              one.tokens(request, events, 2);
              one.finish(request, events, 0, 2);
            })
        .register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitEvents(5);
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.events.getLast().getDone().getUsage().getAnswerTokens()).isEqualTo(2);
  }

  @Test
  void dropsWhatWasDeliveredBeforeAndWhatOlderAttemptsSay() throws Exception {
    FakeNode one = node("one");
    one.doing(one.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitTokens(3);
    FakeNode two = node("two");
    two.doing(
            (request, events) -> {
              two.begin(request, events);
              var older = request.toBuilder().setAttempt(1).build();
              two.token(older, events, 0, 3);
              for (int offset = 0; offset < 8; offset++) {
                two.token(request, events, 0, offset);
              }
              two.end(request, events, 8);
            })
        .register(router.address());
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
  }

  @Test
  void aGapInTheTokensIsABrokenAttempt() throws Exception {
    for (String name : List.of("one", "two")) {
      FakeNode node = node(name);
      firstAttempt(
          node,
          (request, events) -> {
            node.begin(request, events);
            node.token(request, events, 0, 0);
            node.token(request, events, 0, 2);
          });
      node.register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
  }

  @Test
  void doesNotResumeWithOtherNumericsOrAnotherModelFile() throws Exception {
    FakeNode one = node("one");
    one.doing(one.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitTokens(3);
    FakeNode otherKernels = node("other-kernels");
    otherKernels.numerics = "fake-v2";
    otherKernels.register(router.address());
    FakeNode otherFile = node("other-file");
    otherFile.digest = "b".repeat(64);
    otherFile.register(router.address());
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.TARGET_LOST);
    assertThat(reading.offsetsOf(0)).containsExactly(0, 1, 2);
    assertThat(otherKernels.requests).isEmpty();
    assertThat(otherFile.requests).isEmpty();
  }

  @Test
  void doesNotResumeWhatIsNotDeterministic() throws Exception {
    FakeNode one = node("one");
    one.deterministic = false;
    one.doing(one.stallingAfter(3)).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitTokens(3);
    FakeNode two = node("two").register(router.address());
    one.kill();
    assertThat(reading.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(two.requests).isEmpty();
  }

  @Test
  void aRetryStaysWithinTheLabel() throws Exception {
    FakeNode near = node("near");
    near.doing(near.refusing(Reason.DRAINING)).register(router.address());
    FakeNode far = node("far").in(Zone.ZONE_DATACENTER).register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.DRAINING);
    assertThat(far.requests).isEmpty();
  }

  @Test
  void whatIsWrongWithTheRequestIsNotTriedElsewhere() throws Exception {
    for (String name : List.of("one", "two")) {
      FakeNode node = node(name);
      node.doing(node.refusing(Reason.TEMPLATE_FAILED)).register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.TEMPLATE_FAILED);
    assertThat(nodes.stream().mapToInt(node -> node.requests.size()).sum()).isEqualTo(1);
  }

  @Test
  void attemptsAreBounded() throws Exception {
    for (int i = 0; i < 6; i++) {
      FakeNode node = node("node-" + i);
      node.doing(node.refusing(Reason.NO_CAPACITY)).register(router.address());
    }
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(nodes.stream().mapToInt(node -> node.requests.size()).sum()).isEqualTo(4);
  }

  @Test
  void aNodeWhoseStreamBrokeIsToldToEndTheAttempt() throws Exception {
    FakeNode one = node("one");
    one.doing(
            (request, events) -> {
              one.begin(request, events);
              events.onError(Status.UNAVAILABLE.asRuntimeException());
            })
        .register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setRequestId("broken").build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.TARGET_LOST);
    var cancel = one.cancels.poll(10, TimeUnit.SECONDS);
    assertThat(cancel.getRequestId()).isEqualTo("broken");
    assertThat(cancel.getAttempt()).isEqualTo(1);
  }

  @Test
  void anAnswerSurvivesTheLossOfTheNodesReportStream() throws Exception {
    FakeNode one = node("one");
    var held = new java.util.concurrent.CompletableFuture<Runnable>();
    one.doing(
            (request, events) -> {
              one.begin(request, events);
              one.tokens(request, events, 3);
              held.complete(() -> {
                for (int offset = 3; offset < 8; offset++) {
                  one.token(request, events, 0, offset);
                }
                one.end(request, events, 8);
              });
            })
        .register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    reading.awaitTokens(3);
    one.loseRouter();
    router.awaitNodes(0);
    held.get(5, TimeUnit.SECONDS).run();
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.offsetsOf(0)).isEqualTo(EIGHT);
  }
}
