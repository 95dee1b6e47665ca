package ringfence.gateway.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import ringfence.gateway.Client;
import ringfence.gateway.GatewayTest;

/// The document says what the gateway does.
@GatewayTest
class OpenApiTest {
  @TestHTTPResource("/")
  URI base;

  private Client client;
  private JsonNode document;

  @BeforeEach
  void fetch() {
    client = new Client(base);
    document = Client.json(client.get("/q/openapi?format=json"));
  }

  @Test
  void namesThePathsAndTheirSchemas() {
    JsonNode paths = document.at("/paths");
    assertThat(paths.properties().stream().map(Map.Entry::getKey))
        .containsExactlyInAnyOrder(
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/models",
            "/v1/models/{id}",
            "/v1/receipts/{id}");
    assertThat(
            document
                .at(
                    "/paths/~1v1~1chat~1completions/post/requestBody/content/application~1json/schema/$ref")
                .asText())
        .isEqualTo("#/components/schemas/ChatRequest");
    assertThat(
            document
                .at("/paths/~1v1~1chat~1completions/post/responses/200/headers")
                .has("Ringfence-Zone"))
        .isTrue();
  }

  /// Each documented field is known to the reader of bodies: none is refused as unknown.
  @ParameterizedTest
  @CsvSource({
    "CommonOptions, /v1/chat/completions",
    "ChatRequest, /v1/chat/completions",
    "CommonOptions, /v1/completions",
    "CompletionRequest, /v1/completions"
  })
  void everyDocumentedFieldIsRead(String schema, String path) {
    JsonNode node = document.at("/components/schemas/" + schema);
    JsonNode properties =
        node.has("allOf") ? node.at("/allOf/1/properties") : node.at("/properties");
    assertThat(properties).isNotEmpty();
    for (Map.Entry<String, JsonNode> field : properties.properties()) {
      JsonNode error =
          Client.json(client.post(path, "{\"" + field.getKey() + "\":{\"?\":1}}")).at("/error");
      assertThat(error.at("/param").asText() + " " + error.at("/code").asText())
          .as(field.getKey())
          .isNotEqualTo(field.getKey() + " unknown_parameter");
    }
  }
}
