package ringfence.router.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.grpc.Status;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.GenerationRequest;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.Verdict;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;

/// A request that one attempt answers, or that none can.
@Timeout(60)
class AnswerTest {
  private final TestRouter router = new TestRouter();
  private final TestGateway gateway = new TestGateway(router.address());
  private final FakeNode node = new FakeNode("one");

  @AfterEach
  void close() {
    gateway.close();
    node.close();
    router.close();
  }

  @Test
  void streamsTheAnswerOfTheOnlyNode() throws Exception {
    node.register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setChoices(2).build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.textOf(1)).startsWith("<1:0><1:1>");
    assertThat(reading.offsetsOf(0)).isEqualTo(IntStream.range(0, 8).boxed().toList());
    List<RouteEvent.EventCase> kinds =
        reading.events.stream().map(RouteEvent::getEventCase).distinct().toList();
    assertThat(kinds)
        .containsExactly(
            RouteEvent.EventCase.PLACEMENT,
            RouteEvent.EventCase.BEGUN,
            RouteEvent.EventCase.TOKEN,
            RouteEvent.EventCase.FINISH,
            RouteEvent.EventCase.DONE);
    var done = reading.events.getLast().getDone();
    assertThat(done.getUsage().getPromptTokens()).isEqualTo(5);
    assertThat(done.getUsage().getAnswerTokens()).isEqualTo(16);
    assertThat(done.getAttempts()).isEqualTo(1);
    var placement = reading.events.getFirst().getPlacement();
    assertThat(placement.getNode()).isEqualTo("one");
    assertThat(placement.getZone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(placement.getReason()).isEqualTo("only-target");
    assertThat(placement.getVerdictsList()).as("nobody has asked").isEmpty();
  }

  @Test
  void everyVerdictIsToldToWhoWantsThem() throws Exception {
    node.register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setExplain(true).build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.events.getFirst().getPlacement().getVerdictsList())
        .extracting(Verdict::getNode)
        .containsExactly("one");
  }

  @Test
  void drawsASeedWhenTheClientGaveNoneAndTellsIt() throws Exception {
    node.register(router.address());
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    GenerationRequest sent = node.requests.poll(5, TimeUnit.SECONDS);
    assertThat(sent.getSampling().getSeed()).isNotZero();
    assertThat(reading.events.get(1).getBegun().getSeed()).isEqualTo(sent.getSampling().getSeed());
  }

  @Test
  void keepsTheClientsSeedEvenWhenItIsZero() throws Exception {
    node.register(router.address());
    assertThat(gateway.ask(TestGateway.request().setHasSeed(true).build()).code())
        .isEqualTo(Status.Code.OK);
    assertThat(node.requests.poll(5, TimeUnit.SECONDS).getSampling().getSeed()).isZero();
  }

  @Test
  void namesTheAvailableModelsWhenOneIsUnknown() throws Exception {
    node.register(router.address());
    Reading reading = gateway.ask(TestGateway.request().setModel("huge").build());
    assertThat(reading.code()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.UNKNOWN_MODEL);
    assertThat(reading.failure().getMessage()).contains("tiny");
    assertThat(reading.failure().getParameter()).isEqualTo("model");
  }

  @Test
  void anUnlabelledRequestStaysOnTheDevice() throws Exception {
    node.register(router.address());
    Reading reading = gateway.ask(TestGateway.request().clearLabel().build());
    assertThat(reading.code()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.NO_TARGET_IN_ZONE);
    assertThat(node.requests).isEmpty();
  }

  @Test
  void anEmptyFleetHasNoCapacityAndSaysWhenToTryAgain() throws Exception {
    Reading reading = gateway.ask(TestGateway.request().build());
    assertThat(reading.code()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(reading.failure().getReason()).isEqualTo(Reason.NO_CAPACITY);
    assertThat(reading.failure().getRetryAfterMillis()).isPositive();
  }

  @Test
  void aMalformedRequestNamesItsField() throws Exception {
    Reading reading = gateway.ask(TestGateway.request().setChoices(0).build());
    assertThat(reading.code()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(reading.failure().getParameter()).isEqualTo("n");
  }

  @Test
  void theNodesDeadlineIsTheRequests() throws Exception {
    node.register(router.address());
    assertThat(gateway.ask(TestGateway.request().build()).code()).isEqualTo(Status.Code.OK);
    node.doing(node.stallingAfter(2));
    var call =
        gateway
            .blocking()
            .withDeadlineAfter(1, TimeUnit.SECONDS)
            .generate(TestGateway.request().build());
    Throwable end = catchThrowable(() -> call.forEachRemaining(event -> {}));
    assertThat(Status.fromThrowable(end).getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(node.streamEnds.poll(5, TimeUnit.SECONDS)).startsWith("cancelled");
  }

  @Test
  void listsTheModelsThatTheLabelCanReach() throws Exception {
    node.register(router.address());
    var site =
        gateway
            .blocking()
            .listModels(
                ListModelsRequest.newBuilder().setLabel(TestGateway.request().getLabel()).build());
    assertThat(site.getModelsList())
        .singleElement()
        .satisfies(model -> {
          assertThat(model.getName()).isEqualTo("tiny");
          assertThat(model.getNodes()).isEqualTo(1);
          assertThat(model.getNearestZone()).isEqualTo(Zone.ZONE_SITE);
          assertThat(model.getLoadedAtEpochSeconds()).isPositive();
        });
    var device = gateway.blocking().listModels(ListModelsRequest.getDefaultInstance());
    assertThat(device.getModelsList()).isEmpty();
  }
}
