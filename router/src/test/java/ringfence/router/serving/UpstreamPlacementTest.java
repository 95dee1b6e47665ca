package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static ringfence.router.FakeUpstream.saying;
import static ringfence.router.FakeUpstream.stream;
import static ringfence.router.FakeUpstream.text;

import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.FakeUpstream;
import ringfence.router.TestGateway.Reading;

/// When upstreams are used and when not, beside nodes that fail, over real HTTP.
@Timeout(120)
class UpstreamPlacementTest extends UpstreamStage {
  private static final String CARD = "4111 1111 1111 1111";

  @Test
  void aNearLabelOrADetectedSecretNeverReachesIt() throws Exception {
    List<RouteRequest> kept = new ArrayList<>();
    for (String model : List.of("small", "tiny")) {
      kept.add(
          asked("hi")
              .setModel(model)
              .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE))
              .build());
      kept.add(asked("my card is " + CARD).setModel(model).build());
    }
    for (RouteRequest request : kept) {
      assertThat(gateway.ask(request).code()).isNotEqualTo(Status.Code.OK);
    }
    // Nodes that fail, hang and stall in mid-answer, with hedges on: all that makes attempts anew.
    start("", Duration.ofMillis(20));
    FakeNode failing = node("failing");
    FakeNode hanging = node("hanging");
    router.awaitNodes(2);
    failing.behaviour = (request, events) -> events.onError(Status.UNAVAILABLE.asException());
    hanging.behaviour = (request, events) -> {};
    List<Reading> readings = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      readings.add(gateway.ask(asked("my card is " + CARD).setModel("tiny").build()));
      readings.add(
          gateway.ask(
              asked("hi")
                  .setModel("tiny")
                  .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE))
                  .build()));
    }
    hanging.requests.take();
    hanging.close();
    for (Reading reading : readings) {
      assertThat(reading.code()).isNotEqualTo(Status.Code.OK);
    }
    assertThat(upstream.asked).isEmpty();
    // The same request without the secret does reach it.
    assertThat(gateway.ask(asked("hi").setModel("tiny").build()).code()).isEqualTo(Status.Code.OK);
    assertThat(upstream.asked).hasSize(1);
  }

  @Test
  void itIsUsedWhenNoNearerNodeServesInTimeAndNotOtherwise() throws Exception {
    FakeNode near = node("near");
    router.awaitNodes(1);
    RouteRequest.Builder patient = asked("hi").setModel("tiny").setMaxWaitMillis(20_000);
    Reading stays = gateway.ask(patient.build());
    assertThat(stays.code()).isEqualTo(Status.Code.OK);
    assertThat(stays.nodes()).containsExactly("near");
    assertThat(upstream.asked).isEmpty();

    near.behaviour = (request, events) -> events.onError(Status.UNAVAILABLE.asException());
    Reading moved = gateway.ask(patient.setRequestId("moved").setMaxWaitMillis(20_000).build());
    assertThat(moved.code()).isEqualTo(Status.Code.OK);
    assertThat(moved.nodes()).containsExactly("partner");
    assertThat(moved.events.getLast().getDone().getAttempts()).isEqualTo(2);
  }

  @Test
  void aNodeThatIsLostBeforeTheFirstTokenIsFollowedByItAndOneThatIsLostLaterIsNot()
      throws Exception {
    FakeNode near = node("near");
    router.awaitNodes(1);
    near.behaviour = begunAndLostAfter(near, 0);
    RouteRequest.Builder patient = asked("hi").setModel("tiny").setMaxWaitMillis(20_000);
    Reading moved = gateway.ask(patient.build());
    assertThat(moved.code()).isEqualTo(Status.Code.OK);
    assertThat(moved.textOf(0)).isEqualTo("Hello");
    // What the reader is told of the model is the upstream's alone.
    assertThat(moved.nodes()).containsExactly("partner");
    assertThat(moved.events.stream().filter(RouteEvent::hasBegun)).hasSize(1);
    assertThat(moved.events.getLast().getDone().getAttempts()).isEqualTo(2);
    assertThat(upstream.asked).hasSize(1);

    Reading stays =
        gateway.ask(
            patient
                .setRequestId("stays")
                .setMaxWaitMillis(300)
                .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE))
                .build());
    assertThat(stays.failure().getReason()).isEqualTo(Reason.TARGET_LOST);

    near.behaviour = begunAndLostAfter(near, 2);
    Reading cut =
        gateway.ask(
            patient
                .setRequestId("cut")
                .setMaxWaitMillis(2_000)
                .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_EXTERNAL))
                .build());
    assertThat(cut.failure().getReason()).isEqualTo(Reason.TARGET_LOST);
    assertThat(cut.failure().getMessage()).contains("mid-answer");
    assertThat(cut.offsetsOf(0)).containsExactly(0, 1);
    assertThat(upstream.asked).hasSize(1);
  }

  @Test
  void aBreakBeforeTheFirstTokenMovesOnAndAfterItEndsTheAnswer() throws Exception {
    FakeUpstream.Behaviour usual = upstream.behaviour;
    upstream.behaviour =
        (asked, exchange) -> {
          if (upstream.asked.size() == 1) {
            // The head and nothing more.
            stream(exchange).close();
          } else {
            usual.run(asked, exchange);
          }
        };
    Reading again = gateway.ask(asked("hi").setMaxWaitMillis(20_000).build());
    assertThat(again.code()).isEqualTo(Status.Code.OK);
    assertThat(again.textOf(0)).isEqualTo("Hello");

    for (String broken : List.of("{\"error\":{\"message\":\"secret\"}}", "{not json", "")) {
      upstream.behaviour =
          saying(broken.isEmpty() ? List.of(text("a")) : List.of(text("a"), broken));
      Reading cut = gateway.ask(asked("hi").build());
      assertThat(cut.failure().getReason()).isEqualTo(Reason.TARGET_LOST);
      assertThat(cut.failure().getMessage()).contains("mid-answer").doesNotContain("secret");
      assertThat(cut.textOf(0)).isEqualTo("a");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "true, '\"required\"'",
    "false, '{\"type\":\"function\",\"function\":{\"name\":\"find\"}}'"
  })
  void aCallThatMustBeMadeGoesToAnUpstreamAndToNoNode(boolean any, String wanted) throws Exception {
    FakeNode near = node("near");
    router.awaitNodes(1);
    RouteRequest.Builder request = asked("find it").setModel("tiny").setMaxWaitMillis(20_000);
    Chat.Builder chat = request.getPromptBuilder().getChatBuilder();
    chat.addTools(Tool.newBuilder().setName("find")).setParallelToolCalls(false);
    if (any) {
      chat.setAnyTool(true);
    } else {
      chat.setNamedTool("find");
    }
    Reading reading = gateway.ask(request.build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.nodes()).containsExactly("partner");
    assertThat(upstream.asked.take().body())
        .contains("\"tool_choice\":" + wanted + ",\"parallel_tool_calls\":false");

    Reading stays =
        gateway.ask(
            request
                .setRequestId("stays")
                .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_SITE))
                .build());
    assertThat(stays.failure().getReason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(stays.failure().getMessage()).contains("tool_choice");
    assertThat(near.requests).isEmpty();
    assertThat(upstream.asked).isEmpty();
  }

  @Test
  void itsModelsAreListedWhereTheLabelReaches() {
    for (Zone zone : List.of(Zone.ZONE_SITE, Zone.ZONE_EXTERNAL)) {
      var models =
          gateway
              .blocking()
              .listModels(
                  ListModelsRequest.newBuilder()
                      .setCredentials(asked("").getCredentials())
                      .setLabel(Label.newBuilder().setFarthestZone(zone))
                      .build());
      assertThat(models.getModelsList().stream().map(model -> model.getName()))
          .containsExactly(zone == Zone.ZONE_SITE ? new String[0] : new String[] {"small", "tiny"});
    }
  }

  private static FakeNode.Behaviour begunAndLostAfter(FakeNode node, int tokens) {
    return (request, events) -> {
      node.begin(request, events);
      node.tokens(request, events, tokens);
      events.onError(Status.UNAVAILABLE.asException());
    };
  }
}
