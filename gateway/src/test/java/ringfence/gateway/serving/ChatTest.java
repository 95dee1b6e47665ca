package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.Client;
import ringfence.gateway.FakeRouter;
import ringfence.gateway.GatewayTest;
import ringfence.proto.v1.RouteRequest;
import ringfence.proto.v1.Zone;

@GatewayTest
class ChatTest {
  private static final String CHAT = "/v1/chat/completions";

  @TestHTTPResource("/")
  URI base;

  FakeRouter router;
  private Client client;

  @BeforeEach
  void fresh() {
    client = new Client(base);
    router.forget();
  }

  private static String chat(String model, String text, String more) {
    return "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]%s}"
        .formatted(model, text, more);
  }

  private RouteRequest asked() throws InterruptedException {
    FakeRouter.Seen seen = router.seen().poll(10, TimeUnit.SECONDS);
    assertThat(seen).isNotNull();
    return seen.request();
  }

  @Test
  void answersWithTextUsageAndWhereItRan() {
    HttpResponse<String> response = client.post(CHAT, chat("echo", "good morning", ""));
    assertThat(response.statusCode()).isEqualTo(200);
    JsonNode body = Client.json(response);
    assertThat(body.at("/object").asText()).isEqualTo("chat.completion");
    assertThat(body.at("/id").asText()).matches("chatcmpl-[0-9a-f]{32}");
    assertThat(body.at("/system_fingerprint").asText()).isEqualTo("fp_0123456789ab");
    assertThat(body.at("/choices/0/message/content").asText()).isEqualTo("good morning");
    assertThat(body.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(body.at("/choices/0/logprobs").isNull()).isTrue();
    assertThat(body.at("/usage/prompt_tokens").asInt()).isEqualTo(2);
    assertThat(body.at("/usage/total_tokens").asInt()).isEqualTo(4);
    assertThat(body.at("/usage/prompt_tokens_details/cached_tokens").asInt()).isEqualTo(1);
    assertThat(response.headers().firstValue("Ringfence-Zone")).hasValue("site");
    assertThat(response.headers().firstValue("Ringfence-Node")).hasValue("node-1");
    assertThat(response.headers().firstValue("Ringfence-Attempt")).hasValue("1");
    assertThat(response.headers().firstValue("Ringfence-Placement"))
        .hasValue("zone=site; node=node-1; reason=finish-time");
    assertThat(response.headers().firstValue("openai-processing-ms")).isPresent();
  }

  @Test
  void streamsARoleThenTokensThenTheFinishThenDone() {
    HttpResponse<String> response =
        client.post(CHAT, chat("echo", "good morning", ",\"stream\":true"));
    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    assertThat(response.headers().firstValue("Ringfence-Node")).hasValue("node-1");
    List<String> events = Client.events(response);
    assertThat(events).hasSize(5).last().isEqualTo("[DONE]");
    assertThat(Client.json(events.get(0)).at("/choices/0/delta/role").asText())
        .isEqualTo("assistant");
    assertThat(Client.json(events.get(0)).at("/choices/0/delta/content").asText()).isEmpty();
    assertThat(Client.json(events.get(1)).at("/choices/0/delta/content").asText())
        .isEqualTo("good");
    assertThat(Client.json(events.get(1)).at("/choices/0/finish_reason").isNull()).isTrue();
    assertThat(Client.json(events.get(1)).has("usage")).isFalse();
    assertThat(Client.json(events.get(3)).at("/choices/0/finish_reason").asText())
        .isEqualTo("stop");
    assertThat(Client.json(events.get(3)).at("/choices/0/delta").isEmpty()).isTrue();
  }

  @Test
  void streamsTheUsageLastWhenAskedFor() {
    List<String> events =
        Client.events(
            client.post(
                CHAT,
                chat(
                    "echo",
                    "hello",
                    ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")));
    JsonNode last = Client.json(events.get(events.size() - 2));
    assertThat(last.at("/choices").isEmpty()).isTrue();
    assertThat(last.at("/usage/completion_tokens").asInt()).isEqualTo(1);
    JsonNode first = Client.json(events.getFirst());
    assertThat(first.has("usage")).isTrue();
    assertThat(first.at("/usage").isNull()).isTrue();
  }

  @Test
  void sendsNoChunkForATokenWhoseTextIsHeldBack() {
    List<String> events = Client.events(client.post(CHAT, chat("split", "x", ",\"stream\":true")));
    assertThat(
            events.stream()
                .filter(event -> event.startsWith("{"))
                .map(event -> Client.json(event).at("/choices/0/delta/content").asText()))
        .containsExactly("", "\uD83D\uDE00", "end", "");
  }

  @Test
  void reportsLogProbabilitiesWithTheBytesOfPartialCharacters() {
    JsonNode content =
        Client.json(client.post(CHAT, chat("split", "x", ",\"logprobs\":true,\"top_logprobs\":2")))
            .at("/choices/0/logprobs/content");
    assertThat(content).hasSize(3);
    assertThat(content.at("/0/token").asText()).isEqualTo("\\xf0\\x9f");
    assertThat(content.at("/0/bytes").toString()).isEqualTo("[240,159]");
    assertThat(content.at("/0/logprob").asDouble()).isEqualTo(-0.25);
    assertThat(content.at("/2/token").asText()).isEqualTo("end");
    assertThat(content.at("/2/top_logprobs")).hasSize(2);
  }

  @Test
  void interleavesChoicesByIndex() {
    JsonNode body = Client.json(client.post(CHAT, chat("echo", "a b", ",\"n\":3")));
    assertThat(body.at("/choices")).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(body.at("/choices/" + i + "/index").asInt()).isEqualTo(i);
      assertThat(body.at("/choices/" + i + "/message/content").asText()).isEqualTo("a b");
    }
    List<String> events =
        Client.events(client.post(CHAT, chat("echo", "a b", ",\"n\":2,\"stream\":true")));
    assertThat(
            events.stream()
                .filter(event -> event.contains("\"a\""))
                .map(event -> Client.json(event).at("/choices/0/index").asInt()))
        .containsExactly(0, 1);
  }

  @Test
  void passesSamplingAndStopOn() throws InterruptedException {
    client.post(
        CHAT,
        chat(
            "echo",
            "a b c",
            """
            ,"temperature":0.5,"top_p":0,"top_k":40,"min_p":0.1,"repetition_penalty":1.1,"seed":-7,
            "stop":["c","d"],"max_completion_tokens":9,"logit_bias":{"5":-100},"presence_penalty":-2,
            "frequency_penalty":2,"ignore_eos":true,"user":"u","metadata":{"k":"v"},"store":false
            """));
    RouteRequest asked = asked();
    assertThat(asked.getSampling().getTemperature()).isEqualTo(0.5f);
    assertThat(asked.getSampling().getTopP()).isEqualTo(1e-6f);
    assertThat(asked.getSampling().getTopK()).isEqualTo(40);
    assertThat(asked.getHasSeed()).isTrue();
    assertThat(asked.getSampling().getSeed()).isEqualTo(-7);
    assertThat(asked.getSampling().getLogitBiasMap()).containsEntry(5, -100f);
    assertThat(asked.getStop().getStopList()).containsExactly("c", "d");
    assertThat(asked.getStop().getMaxTokens()).isEqualTo(9);
    assertThat(asked.getStop().getIgnoreEndOfSequence()).isTrue();
    assertThat(asked.getChoices()).isEqualTo(1);
  }

  @Test
  void labelsWithTheNearerOfCeilingAndHeader() throws InterruptedException {
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Zone", "external");
    assertThat(asked().getLabel().getFarthestZone()).isEqualTo(Zone.ZONE_SITE);
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Zone", "device");
    assertThat(asked().getLabel().getFarthestZone()).isEqualTo(Zone.ZONE_DEVICE);
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Zone", "no-such-zone");
    assertThat(asked().getLabel().getFarthestZone()).isEqualTo(Zone.ZONE_DEVICE);
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Max-Wait-Ms", "750");
    RouteRequest patient = asked();
    assertThat(patient.getLabel().getFarthestZone()).isEqualTo(Zone.ZONE_SITE);
    assertThat(patient.getMaxWaitMillis()).isEqualTo(750);
  }

  @Test
  void aWaitOfNothingIsNotTheDefaultAndOneThatIsNoNumberIsRefused() throws InterruptedException {
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Max-Wait-Ms", "0");
    assertThat(asked().getMaxWaitMillis()).isEqualTo(1);
    client.post(CHAT, chat("echo", "x", ""), "Ringfence-Max-Wait-Ms", "999999999999");
    assertThat(asked().getMaxWaitMillis()).isEqualTo(3_600_000);
    client.post(CHAT, chat("echo", "x", ""));
    assertThat(asked().getMaxWaitMillis()).isZero();
    HttpResponse<String> refused =
        client.post(CHAT, chat("echo", "x", ""), "Ringfence-Max-Wait-Ms", "-1");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("Ringfence-Max-Wait-Ms").contains("invalid_header");
  }

  @Test
  void keepsTheClientsRequestIdAndNamesItsOwnToTheRouter() throws InterruptedException {
    HttpResponse<String> response =
        client.post(CHAT, chat("echo", "x", ""), "x-request-id", "mine_1");
    assertThat(response.headers().firstValue("x-request-id")).hasValue("mine_1");
    assertThat(Client.json(response).at("/id").asText())
        .isEqualTo("chatcmpl-" + asked().getRequestId());
    assertThat(
            client
                .post(CHAT, chat("echo", "x", ""), "x-request-id", "not valid!")
                .headers()
                .firstValue("x-request-id")
                .orElse(""))
        .matches("[0-9a-f]{32}");
  }

  @Test
  void keepsASilentStreamAliveWithComments() {
    var raw = new HangingClient(base, CHAT, chat("silent", "x", ",\"stream\":true"));
    raw.readUntil(": \n\n");
    raw.hangUp();
  }

  @Test
  void saysWhyThereWhenItIsAskedTo() {
    for (String more : List.of("", ",\"stream\":true")) {
      HttpResponse<String> told =
          client.post(CHAT, chat("echo", "hi", more), "Ringfence-Explain", "true");
      assertThat(told.headers().firstValue("Ringfence-Explain"))
          .hasValue(
              "[{\"target\":\"node-1\",\"zone\":\"site\",\"chosen\":true,"
                  + "\"decided_by\":\"finish-time\",\"why\":\"chosen\",\"predicted_ms\":12},"
                  + "{\"target\":\"far\",\"zone\":\"external\",\"chosen\":false,"
                  + "\"decided_by\":\"zone\",\"why\":\"farther than the request's label\"}]");
    }
    assertThat(client.post(CHAT, chat("echo", "hi", "")).headers().firstValue("Ringfence-Explain"))
        .isEmpty();
  }

  @Test
  void callsThatComeInPartsAreToldInPartsAndWhole() {
    JsonNode whole = Client.json(client.post(CHAT, chat("calls", "hi", "")));
    assertThat(whole.at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls");
    assertThat(whole.at("/choices/0/message/content").isNull()).isTrue();
    JsonNode calls = whole.at("/choices/0/message/tool_calls");
    assertThat(calls).hasSize(2);
    assertThat(calls.at("/0/id").asText()).isEqualTo("c0");
    assertThat(calls.at("/0/function/name").asText()).isEqualTo("find");
    assertThat(calls.at("/0/function/arguments").asText()).isEqualTo("{\"q\":1}");
    assertThat(calls.at("/1/function/arguments").asText()).isEqualTo("{}");
    String stream = client.post(CHAT, chat("calls", "hi", ",\"stream\":true")).body();
    assertThat(stream)
        .contains(
            "\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c0\",\"type\":\"function\","
                + "\"function\":{\"name\":\"find\",\"arguments\":\"\"}}]}")
        .contains("{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}");
  }
}
