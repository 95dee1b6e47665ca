package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringfence.gateway.Client;
import ringfence.gateway.GatewayTest;

@GatewayTest
class ErrorsTest {
  private static final String CHAT = "/v1/chat/completions";

  @TestHTTPResource("/")
  URI base;

  private Client client;

  @BeforeEach
  void fresh() {
    client = new Client(base);
  }

  private static String chat(String model, boolean stream) {
    return "{\"model\":\"%s\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"
        .formatted(model, stream);
  }

  @ParameterizedTest
  @CsvSource({
    "nobody-has-it, 404, model_not_found",
    "fails-UNKNOWN_MODEL, 404, model_not_found",
    "fails-INVALID_REQUEST, 400, invalid_value",
    "fails-TEMPLATE_FAILED, 400, template_failed",
    "fails-CONTEXT_LENGTH_EXCEEDED, 400, context_length_exceeded",
    "fails-PROMPT_EXCEEDS_KV_BUDGET, 400, context_length_exceeded",
    "fails-NO_TARGET_IN_ZONE, 403, no_target_in_zone",
    "fails-NO_CAPACITY, 503, no_capacity",
    "fails-DRAINING, 503, draining",
    "fails-TARGET_LOST, 503, target_lost",
    "fails-DEADLINE_EXCEEDED, 504, deadline_exceeded",
    "fails-UNAUTHENTICATED, 401, invalid_api_key",
    "fails-PERMISSION_DENIED, 403, permission_denied",
    "fails-INSUFFICIENT_QUOTA, 429, insufficient_quota",
    "fails-TOO_MANY_FAILURES, 429, too_many_failures",
    "fails-RESUME_MISMATCH, 500, internal_error",
    "fails-STALE_ATTEMPT, 500, internal_error",
    "fails-INTERNAL, 500, internal_error",
    "lies, 500, internal_error",
  })
  void mapsTheRoutersFailure(String model, int status, String code) {
    HttpResponse<String> whole = client.post(CHAT, chat(model, false));
    assertThat(whole.statusCode()).isEqualTo(status);
    assertThat(Client.json(whole).at("/error/code").asText()).isEqualTo(code);
    if (!model.equals("lies")) {
      HttpResponse<String> streamed = client.post(CHAT, chat(model, true));
      assertThat(streamed.statusCode()).isEqualTo(status);
      assertThat(Client.json(streamed).at("/error/code").asText()).isEqualTo(code);
    }
    if (status == 503) {
      assertThat(whole.headers().firstValue("retry-after")).isPresent();
    }
  }

  @Test
  void roundsRetryAfterUpToSeconds() {
    assertThat(
            client.post(CHAT, chat("fails-NO_CAPACITY", false)).headers().firstValue("retry-after"))
        .hasValue("3");
  }

  @Test
  void endsABrokenStreamWithAnErrorAndNoDone() {
    HttpResponse<String> response = client.post(CHAT, chat("breaks", true));
    assertThat(response.statusCode()).isEqualTo(200);
    List<String> events = Client.events(response);
    assertThat(events).doesNotContain("[DONE]");
    assertThat(Client.json(events.getLast()).at("/error/code").asText()).isEqualTo("target_lost");
  }

  @Test
  void aBrokenAnswerThatIsNotStreamedIsAnError() {
    assertThat(client.post(CHAT, chat("breaks", false)).statusCode()).isEqualTo(503);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "{\"a\":", "null", "\"text\"", "{} {}", "\u0000"})
  void refusesWhatIsNotAJsonObject(String body) {
    HttpResponse<String> response = client.post(CHAT, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(Client.json(response).at("/error/type").asText()).isEqualTo("invalid_request_error");
  }

  @Test
  void refusesABodyThatIsTooLong() {
    HttpResponse<String> response =
        client.post(CHAT, "{\"model\":\"" + "x".repeat(1_100_000) + "\"}");
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(Client.json(response).at("/error/code").asText()).isEqualTo("request_too_large");
  }

  @Test
  void answersUnknownPathsAndMethodsWithTheSameBody() {
    HttpResponse<String> path = client.get("/v1/embeddings");
    assertThat(path.statusCode()).isEqualTo(404);
    assertThat(Client.json(path).at("/error/code").asText()).isEqualTo("unknown_url");
    HttpResponse<String> method = client.get(CHAT);
    assertThat(method.statusCode()).isEqualTo(405);
    assertThat(method.headers().firstValue("allow")).hasValue("POST");
    assertThat(Client.json(method).at("/error/code").asText()).isEqualTo("method_not_allowed");
  }

  @Test
  void namesTheParameter() {
    JsonNode error =
        Client.json(
                client.post(
                    CHAT,
                    "{\"model\":\"echo\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":3}"))
            .at("/error");
    assertThat(error.at("/param").asText()).isEqualTo("temperature");
    assertThat(error.at("/code").asText()).isEqualTo("decimal_above_max_value");
    assertThat(error.at("/message").asText())
        .isEqualTo("Invalid 'temperature': decimal above maximum value. Expected a value <= 2.");
  }
}
