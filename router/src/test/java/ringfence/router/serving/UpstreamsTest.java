package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static ringfence.router.FakeUpstream.event;
import static ringfence.router.FakeUpstream.finish;
import static ringfence.router.FakeUpstream.refusing;
import static ringfence.router.FakeUpstream.saying;
import static ringfence.router.FakeUpstream.stream;
import static ringfence.router.FakeUpstream.text;
import static ringfence.router.FakeUpstream.usage;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.proto.v1.Chat;
import ringfence.proto.v1.ChatMessage;
import ringfence.proto.v1.ContentPart;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.GetReceiptRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.LedgerRecord;
import ringfence.proto.v1.ListModelsRequest;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.Prompt;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.StopOptions;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCallPart;
import ringfence.proto.v1.Usage;
import ringfence.proto.v1.Zone;
import ringfence.router.FakeNode;
import ringfence.router.FakeUpstream;
import ringfence.router.TestGateway;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;
import ringfence.router.ledger.LedgerSettings;
import ringfence.router.policy.budget.Spent;
import ringfence.router.policy.document.BudgetLimit.Window;
import ringfence.router.policy.document.KeysFile;

/// Upstreams over real HTTP, behind a router with a policy and a ledger.
@Timeout(120)
class UpstreamsTest {
  private static final String CARD = "4111 1111 1111 1111";
  private final FakeUpstream upstream = new FakeUpstream();
  private final List<AutoCloseable> open = new ArrayList<>();
  @TempDir private Path folder;
  private Path file;
  private String key;
  private TestRouter router;
  private TestGateway gateway;

  @BeforeEach
  void write() throws Exception {
    Files.writeString(folder.resolve("partner.key"), "sk-partner-secret\n");
    start("", Duration.ZERO);
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    upstream.close();
  }

  private void start(String more, Duration hedgeAfter) throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    open.clear();
    file = Files.createTempFile(folder, "policy", ".yaml");
    Files.writeString(
        file,
        """
        tenants:
          - name: ann
            farthest-zone: external
            budgets: [{window: day, tokens: 100000, money: 1.00}]
        upstreams:
          - name: partner
            base-url: %s
            key-file: %s
            price: {input-per-million: 1000, output-per-million: 2000}
        %s
            models:
              small: {upstream-name: vendor/small-1, context-length: 1000}
              tiny: {context-length: 1000}
        """
            .formatted(upstream.url(), folder.resolve("partner.key"), more));
    key = new KeysFile(file).create("user", "ann", null, null, false);
    router =
        new TestRouter(
            file,
            new LedgerPlan(
                Optional.of(Files.createTempDirectory(folder, "ledger")),
                false,
                LedgerSettings.STANDARD),
            hedgeAfter);
    open.add(router);
    gateway = new TestGateway(router.address());
    open.add(gateway);
  }

  private FakeNode node(String name) throws Exception {
    FakeNode node = new FakeNode(name);
    open.add(node);
    node.register(router.address());
    return node;
  }

  private RouteRequest.Builder asked(String text) {
    return TestGateway.request()
        .setModel("small")
        .setCredentials(Credentials.newBuilder().setApiKey(ByteString.copyFromUtf8(key)))
        .setLabel(Label.newBuilder().setFarthestZone(Zone.ZONE_EXTERNAL))
        .setStop(StopOptions.newBuilder().setMaxTokens(50))
        .setPrompt(
            Prompt.newBuilder()
                .setChat(
                    Chat.newBuilder()
                        .addMessages(
                            ChatMessage.newBuilder()
                                .setRole("user")
                                .addParts(ContentPart.newBuilder().setText(text)))));
  }

  private static Usage usageOf(Reading reading) {
    return reading.events.getLast().getDone().getUsage();
  }

  @Test
  void whatTheApiKnowsGoesOutAndNothingOfOurs() throws Exception {
    RouteRequest request =
        asked("hi")
            .setSampling(SamplingOptions.newBuilder().setTemperature(0.5f).setSeed(7))
            .setHasSeed(true)
            .build();
    Reading reading = gateway.ask(request);
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.textOf(0)).isEqualTo("Hello");
    assertThat(reading.offsetsOf(0)).containsExactly(0, 1);
    assertThat(reading.nodes()).containsExactly("partner");
    assertThat(usageOf(reading).getPromptTokens()).isEqualTo(5);
    assertThat(usageOf(reading).getAnswerTokens()).isEqualTo(2);
    FakeUpstream.Asked left = upstream.asked.take();
    assertThat(left.method() + " " + left.path()).isEqualTo("POST /v1/chat/completions");
    assertThat(left.body())
        .isEqualTo(
            "{\"model\":\"vendor/small-1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],"
                + "\"temperature\":0.5,\"seed\":7,\"max_tokens\":50,\"stream\":true,"
                + "\"stream_options\":{\"include_usage\":true}}");
    assertThat(left.headers().keySet())
        .isSubsetOf(
            "Accept",
            "Authorization",
            "Connection",
            "Content-length",
            "Content-type",
            "Host",
            "User-agent",
            "Http2-settings",
            "Upgrade");
    assertThat(left.headers().get("authorization")).isEqualTo("Bearer sk-partner-secret");
    assertThat(left.headers().toString()).doesNotContain(key, request.getRequestId(), "ann");
  }

  @Test
  void aRecordIsThereBeforeTheFirstByteAndNamesTheUpstream() throws Exception {
    RouteRequest request = asked("hi").build();
    List<LedgerRecord> atArrival = new ArrayList<>();
    FakeUpstream.Behaviour usual = upstream.behaviour;
    upstream.behaviour =
        (asked, exchange) -> {
          var receipt =
              gateway
                  .blocking()
                  .getReceipt(
                      GetReceiptRequest.newBuilder()
                          .setRequestId(request.getRequestId())
                          .setCredentials(request.getCredentials())
                          .build());
          atArrival.add(LedgerRecord.parseFrom(receipt.getRecords(0).getStored()));
          usual.run(asked, exchange);
        };
    assertThat(gateway.ask(request).code()).isEqualTo(Status.Code.OK);
    FakeUpstream.Asked left = upstream.asked.take();
    assertThat(atArrival).hasSize(1);
    assertThat(atArrival.getFirst().getDeparture().getTarget()).isEqualTo("partner");
    assertThat(atArrival.getFirst().getDeparture().getZone()).isEqualTo(Zone.ZONE_EXTERNAL);
    assertThat(atArrival.getFirst().getDeparture().getByteCount()).isEqualTo(left.body().length());
  }

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

  private static FakeNode.Behaviour begunAndLostAfter(FakeNode node, int tokens) {
    return (request, events) -> {
      node.begin(request, events);
      node.tokens(request, events, tokens);
      events.onError(Status.UNAVAILABLE.asException());
    };
  }

  @ParameterizedTest
  @CsvSource({
    "400, INVALID_REQUEST",
    "401, INTERNAL",
    "404, UNKNOWN_MODEL",
    "429, NO_CAPACITY",
    "500, TARGET_LOST",
    "302, TARGET_LOST",
  })
  void aRefusalIsMappedAndNothingOfItsTextGoesOn(int status, Reason reason) throws Exception {
    upstream.behaviour =
        refusing(status, "{\"error\":{\"message\":\"you said: top secret\",\"code\":\"x\"}}");
    Reading reading = gateway.ask(asked("top secret").build());
    assertThat(reading.failure().getReason()).isEqualTo(reason);
    assertThat(reading.failure().getMessage()).contains("upstream").doesNotContain("secret");
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

  @Test
  void toolsGoOutAndCallsComeBack() throws Exception {
    upstream.behaviour =
        saying(
            List.of(
                "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c1\","
                    + "\"function\":{\"name\":\"find\",\"arguments\":\"\"}}]}}]}",
                "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
                    + "\"function\":{\"arguments\":\"{\\\"q\\\":1}\"}}]}}]}",
                finish("tool_calls"),
                "[DONE]"));
    RouteRequest.Builder request = asked("find it");
    request
        .getPromptBuilder()
        .getChatBuilder()
        .addTools(Tool.newBuilder().setName("find").setParametersJson("{\"type\": \"object\"}"));
    Reading reading = gateway.ask(request.build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(upstream.asked.take().body())
        .contains(
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"find\","
                + "\"parameters\":{\"type\":\"object\"}}}]");
    List<ToolCallPart> parts =
        reading.tokensOf(0).stream().flatMap(token -> token.getToolCallsList().stream()).toList();
    assertThat(parts.getFirst().getId() + parts.getFirst().getName()).isEqualTo("c1find");
    assertThat(parts.getLast().getArgumentsJson()).isEqualTo("{\"q\":1}");
    assertThat(
            reading.events.stream()
                .filter(RouteEvent::hasFinish)
                .map(event -> event.getFinish().getReason()))
        .containsExactly(FinishReason.FINISH_REASON_TOOL_CALLS);
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
  void aCallOfAToolThatIsNotThereIsRefused() throws Exception {
    RouteRequest.Builder request = asked("find it");
    request.getPromptBuilder().getChatBuilder().setNamedTool("find");
    assertThat(gateway.ask(request.build()).failure().getParameter()).isEqualTo("tool_choice");
    assertThat(upstream.asked).isEmpty();
  }

  @Test
  void whatItCountsIsPaid() throws Exception {
    upstream.behaviour =
        saying(List.of(text("a long piece of text"), finish("stop"), usage(11, 3), "[DONE]"));
    assertThat(gateway.ask(asked("hi").build()).code()).isEqualTo(Status.Code.OK);
    router.awaitInFlight(0);
    Spent day = day();
    assertThat(day.amounts().tokens()).isEqualTo(14);
    assertThat(day.amounts().moneyNanos()).isEqualTo(11 * 1_000_000L + 3 * 2_000_000L);

    // 0.983 are left, and 1000 tokens of answer can cost 2: it is refused, and nothing leaves.
    upstream.asked.clear();
    Reading tooDear = gateway.ask(asked("hi").setStop(StopOptions.getDefaultInstance()).build());
    assertThat(tooDear.failure().getReason()).isEqualTo(Reason.INSUFFICIENT_QUOTA);
    assertThat(upstream.asked).isEmpty();
    assertThat(day()).isEqualTo(day);
  }

  private Spent day() {
    return router.router.policy().policy().budgets().spent().stream()
        .filter(spent -> spent.window() == Window.DAY)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void noMoreThanItsLimitsAreInFlight() throws Exception {
    start("    limits: {max-in-flight: 1, requests-per-minute: 2}", Duration.ZERO);
    CountDownLatch goOn = new CountDownLatch(1);
    FakeUpstream.Behaviour usual = upstream.behaviour;
    upstream.behaviour =
        (asked, exchange) -> {
          goOn.await(20, TimeUnit.SECONDS);
          usual.run(asked, exchange);
        };
    Reading first = gateway.ask(asked("hi").build());
    upstream.asked.take();
    assertThat(gateway.ask(asked("hi").build()).failure().getMessage())
        .contains("as many requests in flight");
    Reading waiting = gateway.ask(asked("hi").setMaxWaitMillis(20_000).build());
    goOn.countDown();
    assertThat(first.code()).isEqualTo(Status.Code.OK);
    assertThat(waiting.code()).isEqualTo(Status.Code.OK);
    assertThat(gateway.ask(asked("hi").build()).failure().getMessage())
        .contains("requests of this minute");
    assertThat(upstream.asked).hasSize(1);
  }

  @Test
  void whoHangsUpClosesItsConnection() throws Exception {
    upstream.behaviour =
        (asked, exchange) -> {
          try (OutputStream out = stream(exchange)) {
            while (!Thread.interrupted()) {
              event(out, text("x".repeat(1000)));
            }
          }
        };
    Reading reading = gateway.ask(asked("hi").build());
    reading.awaitTokens(1);
    reading.hangUp();
    TestRouter.await(() -> upstream.hungUp.get() == 1);
    router.awaitInFlight(0);
  }

  @Test
  void aReaderThatLagsHoldsItBack() throws Exception {
    List<Integer> sent = new java.util.concurrent.CopyOnWriteArrayList<>();
    upstream.behaviour =
        (asked, exchange) -> {
          try (OutputStream out = stream(exchange)) {
            for (int i = 0; i < 100_000; i++) {
              event(out, text("x".repeat(1000)));
              sent.add(i);
            }
          } catch (IOException gone) {
            throw gone;
          }
        };
    Reading slow = gateway.askSlowly(asked("hi").build());
    slow.request(3);
    slow.awaitEvents(3);
    int before;
    do {
      before = sent.size();
      Thread.sleep(200);
    } while (sent.size() != before);
    assertThat(sent.size()).isLessThan(50_000);
    slow.hangUp();
  }

  @Test
  void whatItsApiDoesNotKnowIsRefusedAndSaysSo() throws Exception {
    RouteRequest request = asked("hi").setSampling(SamplingOptions.newBuilder().setTopK(5)).build();
    assertThat(gateway.ask(request).failure().getReason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(gateway.ask(request).failure().getMessage()).contains("top_k");
    assertThat(upstream.asked).isEmpty();
  }

  @Test
  void logprobsComeToken() throws Exception {
    upstream.behaviour =
        saying(
            List.of(
                "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ab\"},\"logprobs\":{\"content\":["
                    + "{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":[]},"
                    + "{\"token\":\"b\",\"logprob\":-1.5,\"bytes\":null,\"top_logprobs\":[]}]}}]}",
                finish("length"),
                "[DONE]"));
    Reading reading =
        gateway.ask(asked("hi").setOutput(OutputOptions.newBuilder().setTopLogprobs(0)).build());
    assertThat(reading.code()).isEqualTo(Status.Code.OK);
    assertThat(reading.textOf(0)).isEqualTo("ab");
    assertThat(reading.tokensOf(0).stream().map(t -> t.getLogprobs().getChosen().getLogprob()))
        .containsExactly(-0.5f, -1.5f);
    assertThat(usageOf(reading).getAnswerTokens()).isEqualTo(2);
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

  @Test
  void aKeyThatIsMissingSendsNothing() throws Exception {
    Files.delete(folder.resolve("partner.key"));
    Reading reading = gateway.ask(asked("hi").build());
    assertThat(reading.failure().getReason()).isEqualTo(Reason.INTERNAL);
    assertThat(upstream.asked).isEmpty();
  }
}
