package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.Client;
import ringfence.gateway.GatewayTest;

@GatewayTest
class ModelsAndPagesTest {
  @TestHTTPResource("/")
  URI base;

  @TestHTTPResource(value = "/", management = true)
  URI watched;

  private Client client;
  private Client watcher;

  @BeforeEach
  void fresh() {
    client = new Client(base);
    watcher = new Client(watched);
  }

  @Test
  void listsModels() {
    JsonNode list = Client.json(client.get("/v1/models"));
    assertThat(list.at("/object").asText()).isEqualTo("list");
    assertThat(list.at("/data/0/id").asText()).isEqualTo("echo");
    assertThat(list.at("/data/0/created").asLong()).isEqualTo(1_700_000_000);
    assertThat(list.at("/data/0/context_length").asInt()).isEqualTo(4096);
  }

  @Test
  void findsAModelWhoseNameHasASlash() {
    assertThat(Client.json(client.get("/v1/models/publisher/echo")).at("/id").asText())
        .isEqualTo("publisher/echo");
    assertThat(Client.json(client.get("/v1/models/publisher%2Fecho")).at("/id").asText())
        .isEqualTo("publisher/echo");
    assertThat(client.get("/v1/models/none").statusCode()).isEqualTo(404);
  }

  @Test
  void isReadyWhileARouterAnswers() {
    assertThat(watcher.get("/q/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void healthAndMetricsAreOnAPortOfTheirOwn() {
    assertThat(watched.getPort()).isNotEqualTo(base.getPort());
    for (String path : new String[] {"/metrics", "/q/metrics", "/q/health", "/q/health/ready"}) {
      HttpResponse<String> answer = client.get(path);
      assertThat(answer.statusCode()).as(path).isEqualTo(404);
      assertThat(answer.body())
          .contains("unknown_url", "a port of their own")
          .doesNotContain("ringfence_");
    }
    assertThat(watcher.get("/v1/models").statusCode()).isEqualTo(404);
    assertThat(client.get("/q/openapi").statusCode()).isEqualTo(200);
  }

  @Test
  void measuresRequestsByRouteModelAndStatus() {
    client.post(
        "/v1/chat/completions",
        "{\"model\":\"echo\",\"messages\":[{\"role\":\"user\",\"content\":\"secretword\"}]}");
    String metrics = watcher.get("/metrics").body();
    assertThat(metrics)
        .contains(
            "ringfence_gateway_requests_seconds_count{model=\"echo\",route=\"/v1/chat/completions\",status=\"200\"}")
        .contains("ringfence_gateway_time_to_first_token_seconds_count{model=\"echo\"}")
        .contains("ringfence_gateway_tokens_total{kind=\"answer\",model=\"echo\"}")
        .contains("ringfence_gateway_requests_in_flight")
        .doesNotContain("secretword");
  }

  @Test
  void letsPagesFromLoopbackCallAndNoOthers() {
    HttpResponse<String> preflight =
        client.method(
            "OPTIONS",
            "/v1/chat/completions",
            "Origin",
            "http://localhost:3000",
            "Access-Control-Request-Method",
            "POST",
            "Access-Control-Request-Headers",
            "authorization,content-type,x-stainless-os");
    assertThat(preflight.statusCode()).isEqualTo(204);
    assertThat(preflight.headers().firstValue("access-control-allow-origin"))
        .hasValue("http://localhost:3000");
    assertThat(preflight.headers().firstValue("access-control-allow-headers"))
        .hasValue("authorization,content-type,x-stainless-os");
    HttpResponse<String> foreign = client.get("/v1/models", "Origin", "https://evil.example");
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(foreign.headers().firstValue("access-control-allow-origin")).isEmpty();
    assertThat(
            client
                .get("/v1/models", "Origin", "http://127.0.0.1:5173")
                .headers()
                .firstValue("access-control-expose-headers")
                .orElse(""))
        .contains("ringfence-node");
  }
}
