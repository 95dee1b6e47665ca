package ringfence.gateway.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.http.TestHTTPResource;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import ringfence.gateway.Client;
import ringfence.gateway.FakeRouter;
import ringfence.gateway.GatewayTest;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.InspectTextRequest;
import ringfence.proto.v1.WatchFleetRequest;
import ringfence.proto.v1.Zone;

@GatewayTest
class PageApiTest {
  @TestHTTPResource("/")
  URI base;

  FakeRouter router;
  private Client client;

  @BeforeEach
  void fresh() {
    client = new Client(base);
    router.overview().asked().clear();
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Test
  void handsTheKeyAndTheGatewaysCeilingOn() {
    HttpResponse<String> me = client.get("/page/api/me", "Authorization", "Bearer ann-key");
    assertThat(Client.json(me).at("/key_id").asText()).isEqualTo("ann-key");
    assertThat(Client.json(me).at("/farthest_zone").asText()).isEqualTo("site");
    assertThat(Client.json(me).at("/admin").asBoolean(true)).isFalse();
    assertThat(me.headers().firstValue("cache-control")).hasValue("no-store");
    HttpResponse<String> wrong = client.get("/page/api/me", "Authorization", "Bearer wrong");
    assertThat(wrong.statusCode()).isEqualTo(401);
  }

  @Test
  void takesBodiesThatAreInOrderAndNoOthers() throws Exception {
    HttpResponse<String> found = client.post("/page/api/inspect", "{\"text\":\"hé\\n\"}");
    assertThat(found.statusCode()).isEqualTo(200);
    assertThat(Client.json(found).at("/farthest_zone").asText()).isEqualTo("site");
    assertThat(((InspectTextRequest) router.overview().asked().take()).getText()).isEqualTo("hé\n");
    for (String wrong :
        new String[] {"", "[]", "{", "{\"text\":1}", "{}", "{\"text\":\"secretword\"} x"}) {
      HttpResponse<String> refused = client.post("/page/api/inspect", wrong);
      assertThat(refused.statusCode()).as(wrong).isEqualTo(400);
      assertThat(refused.body()).doesNotContain("secretword");
    }
    HttpResponse<String> huge =
        client.post("/page/api/inspect", "{\"text\":\"" + "x".repeat(3_000_000) + "\"}");
    assertThat(huge.statusCode()).isEqualTo(413);
    assertThat(router.overview().asked()).isEmpty();
  }

  @Test
  void asksForKeysAsToldAndNoFarther() throws Exception {
    HttpResponse<String> made =
        client.post(
            "/page/api/keys",
            "{\"id\":\"a\",\"tenant\":\"t\",\"farthest_zone\":\"nonsense\",\"expires_millis\":5}");
    assertThat(Client.json(made).at("/key").asText()).isEqualTo("rf-new");
    var asked = (CreateKeyRequest) router.overview().asked().take();
    assertThat(asked.getFarthestZone()).isEqualTo(Zone.ZONE_DEVICE);
    assertThat(asked.getExpiresMillis()).isEqualTo(5);
    assertThat(
            client
                .post("/page/api/keys", "{\"id\":\"a\",\"tenant\":\"t\",\"expires_millis\":\"x\"}")
                .statusCode())
        .isEqualTo(400);
  }

  @Test
  void pagesOfOtherOriginsMayNotCall() {
    for (String site : new String[] {"cross-site", "same-site"}) {
      assertThat(client.get("/page/api/me", "Sec-Fetch-Site", site).statusCode()).isEqualTo(403);
    }
    assertThat(client.get("/page/api/me", "Sec-Fetch-Site", "same-origin").statusCode())
        .isEqualTo(200);
    assertThat(router.overview().asked()).hasSize(1);
  }

  @Test
  void aSlowPageHoldsTheRouterUpAndALeavingOneEndsItsStream() throws Exception {
    HttpClient http = HttpClient.newHttpClient();
    HttpResponse<InputStream> stream =
        http.send(
            HttpRequest.newBuilder(base.resolve("/page/api/fleet?interval=250&after=7")).build(),
            HttpResponse.BodyHandlers.ofInputStream());
    assertThat(stream.headers().firstValue("content-type"))
        .hasValue("text/event-stream; charset=utf-8");
    JsonNode view = Client.json(line(stream.body()).substring("data: ".length()));
    assertThat(view.at("/number").asInt()).isEqualTo(1);
    assertThat(view.at("/routers").asInt()).isEqualTo(1);
    assertThat(view.at("/view/nodes/0/state").asText()).isEqualTo("draining");
    assertThat(view.at("/view/time_millis").asLong()).isEqualTo(5);
    assertThat(view.at("/view/nodes/0").has("temperature_celsius")).isFalse();
    assertThat(router.overview().asked().poll())
        .isInstanceOfSatisfying(
            WatchFleetRequest.class,
            asked -> {
              assertThat(asked.getAfterHappening()).isEqualTo(7);
              assertThat(asked.getIntervalMillis()).isEqualTo(250);
            });
    // Nobody reads on: what is under way is bounded by sockets and windows.
    int[] before = {-1};
    await(() -> {
      int sent = router.overview().viewsSent();
      boolean stands = sent == before[0];
      before[0] = sent;
      LockSupport.parkNanos(200_000_000);
      return stands;
    });
    assertThat(router.overview().viewsSent()).isLessThan(5_000);
    assertThat(router.overview().watching()).isEqualTo(1);
    stream.body().close();
    http.close();
    await(() -> router.overview().watching() == 0);
  }

  private static String line(InputStream in) throws IOException {
    var line = new java.io.ByteArrayOutputStream();
    for (int c = in.read(); c != '\n' && c >= 0; c = in.read()) {
      line.write(c);
    }
    return line.toString(StandardCharsets.UTF_8);
  }
}
