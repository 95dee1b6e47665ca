package ringfence.gateway.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import ringfence.gateway.access.Access;
import ringfence.gateway.access.Caller;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Zones;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.CallerRequest;
import ringfence.proto.v1.CreateKeyRequest;
import ringfence.proto.v1.DrainNodeRequest;
import ringfence.proto.v1.InspectTextRequest;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.RevokeKeyRequest;
import ringfence.proto.v1.Zone;

/// What the page asks beside OpenAI's API, under `/page/api/`. It is the page's own: it may change
/// with it. Who may see and do what is the router's to say, by the same keys as everywhere.
@Singleton
public final class PageApi {
  /// Where it is.
  public static final String FOLDER = PageRoutes.FOLDER + "api/";

  /// For everybody: whoever has no key yet must know that one is needed.
  public static final String ABOUT = FOLDER + "about";

  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int MOST_BODY_BYTES = 2 * 1024 * 1024;

  /// What the front door knows of a request.
  public interface Requests {
    /// Who asks.
    Caller caller(RoutingContext context);

    /// Its body; fails with [ApiError].
    Future<byte[]> body(RoutingContext context, int maxBytes);
  }

  private final Routers routers;
  private final FleetStreams streams;
  private final byte[] about;

  PageApi(
      Access access,
      Routers routers,
      FleetStreams streams,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.routers = routers;
    this.streams = streams;
    about =
        PageJson.object(json -> {
          json.writeStringField("farthest_zone", Zones.wire(access.keys().anyone().ceiling()));
          json.writeBooleanField("keys_required", access.keys().required());
          json.writeStringField("version", version);
        });
  }

  /// Adds the routes.
  public void register(Router router, Requests requests) {
    router.route(FOLDER + "*").handler(PageApi::ofOurPage);
    router.get(ABOUT).handler(context -> answer(context, about));
    show(router, "me", OverviewGrpc.getWhoAmIMethod(), requests);
    show(router, "policy", OverviewGrpc.getDescribePolicyMethod(), requests);
    show(router, "keys", OverviewGrpc.getListKeysMethod(), requests);
    router
        .get(FOLDER + "fleet")
        .handler(context -> {
          Caller caller = requests.caller(context);
          streams.open(context, caller.credentials(), label(caller));
        });
    act(router, "drain", OverviewGrpc.getDrainNodeMethod(), PageApi::drain, requests);
    act(router, "inspect", OverviewGrpc.getInspectTextMethod(), PageApi::inspect, requests);
    act(router, "keys", OverviewGrpc.getCreateKeyMethod(), PageApi::create, requests);
    act(router, "keys/revoke", OverviewGrpc.getRevokeKeyMethod(), PageApi::revoke, requests);
  }

  /// A browser says whether a page of ours asks; another origin's page has no business here, also
  /// where it may use OpenAI's API.
  private static void ofOurPage(RoutingContext context) {
    String site = context.request().getHeader("Sec-Fetch-Site");
    if (site == null || site.equals("same-origin") || site.equals("none")) {
      context.next();
    } else {
      context.fail(
          ApiError.refused(
              403, null, "origin_not_allowed", "Only the gateway's own page may call this."));
    }
  }

  private <R extends Message> void show(
      Router router, String name, MethodDescriptor<CallerRequest, R> method, Requests requests) {
    router
        .get(FOLDER + name)
        .handler(context -> {
          Caller caller = requests.caller(context);
          ask(
              context,
              method,
              CallerRequest.newBuilder()
                  .setCredentials(caller.credentials())
                  .setLabel(label(caller))
                  .build());
        });
  }

  private <Q extends Message, R extends Message> void act(
      Router router,
      String name,
      MethodDescriptor<Q, R> method,
      BiFunction<JsonNode, Caller, Q> question,
      Requests requests) {
    router
        .post(FOLDER + name)
        .handler(context ->
            requests
                .body(context, MOST_BODY_BYTES)
                .map(PageJson::read)
                .map(body -> question.apply(body, requests.caller(context)))
                .onSuccess(asked -> ask(context, method, asked))
                .onFailure(context::fail));
  }

  private <Q, R extends Message> void ask(
      RoutingContext context, MethodDescriptor<Q, R> method, Q question) {
    OneAnswer.to(routers, method, question, LIMIT, context.vertx().getOrCreateContext())
        .map((Function<R, byte[]>) PageJson::message)
        .onSuccess(body -> answer(context, body))
        .onFailure(context::fail);
  }

  private static Label label(Caller caller) {
    return Label.newBuilder()
        .setFarthestZone(caller.ceiling())
        .addReasons("gateway-ceiling")
        .build();
  }

  private static DrainNodeRequest drain(JsonNode body, Caller caller) {
    return DrainNodeRequest.newBuilder()
        .setNode(PageJson.text(body, "node"))
        .setResume(body.path("resume").asBoolean(false))
        .setCredentials(caller.credentials())
        .build();
  }

  private static InspectTextRequest inspect(JsonNode body, Caller caller) {
    return InspectTextRequest.newBuilder()
        .setText(PageJson.text(body, "text"))
        .setCredentials(caller.credentials())
        .setLabel(label(caller))
        .build();
  }

  private static CreateKeyRequest create(JsonNode body, Caller caller) {
    String zone = body.path("farthest_zone").asText("");
    return CreateKeyRequest.newBuilder()
        .setId(PageJson.text(body, "id"))
        .setTenant(PageJson.text(body, "tenant"))
        .setFarthestZone(zone.isEmpty() ? Zone.ZONE_UNSPECIFIED : Zones.nearestUnlessNamed(zone))
        .setExpiresMillis(PageJson.number(body, "expires_millis"))
        .setCredentials(caller.credentials())
        .build();
  }

  private static RevokeKeyRequest revoke(JsonNode body, Caller caller) {
    return RevokeKeyRequest.newBuilder()
        .setId(PageJson.text(body, "id"))
        .setCredentials(caller.credentials())
        .build();
  }

  private static void answer(RoutingContext context, byte[] body) {
    if (context.response().ended() || context.response().closed()) {
      return;
    }
    PageRoutes.protect(context.response().headers());
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(Buffer.buffer(body));
  }
}
