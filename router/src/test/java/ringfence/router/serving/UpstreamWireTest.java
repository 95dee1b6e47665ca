package ringfence.router.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static ringfence.router.FakeUpstream.event;
import static ringfence.router.FakeUpstream.finish;
import static ringfence.router.FakeUpstream.refusing;
import static ringfence.router.FakeUpstream.saying;
import static ringfence.router.FakeUpstream.stream;
import static ringfence.router.FakeUpstream.text;

import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.proto.v1.Failure.Reason;
import ringfence.proto.v1.FinishReason;
import ringfence.proto.v1.OutputOptions;
import ringfence.proto.v1.RouteEvent;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.SamplingOptions;
import ringfence.proto.v1.Tool;
import ringfence.proto.v1.ToolCallPart;
import ringfence.proto.v1.Usage;
import ringfence.router.FakeUpstream;
import ringfence.router.TestGateway.Reading;
import ringfence.router.TestRouter;

/// What goes out to upstreams and what comes back, over real HTTP.
@Timeout(120)
class UpstreamWireTest extends UpstreamStage {
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

  @Test
  void aCallOfAToolThatIsNotThereIsRefused() throws Exception {
    RouteRequest.Builder request = asked("find it");
    request.getPromptBuilder().getChatBuilder().setNamedTool("find");
    assertThat(gateway.ask(request.build()).failure().getParameter()).isEqualTo("tool_choice");
    assertThat(upstream.asked).isEmpty();
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

  private static Usage usageOf(Reading reading) {
    return reading.events.getLast().getDone().getUsage();
  }
}
