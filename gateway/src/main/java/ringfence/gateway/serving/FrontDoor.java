package ringfence.gateway.serving;

import io.vertx.core.Future;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.access.Access;
import ringfence.gateway.access.Caller;
import ringfence.gateway.access.Gate;
import ringfence.gateway.access.Source;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.page.PageApi;
import ringfence.gateway.page.PageRoutes;
import ringfence.telemetry.TraceParent;

/// What every request passes before its route: Host, Origin, key; and what it meets where there is
/// no route.
@Singleton
public final class FrontDoor {
  private static final Logger LOG = Logger.getLogger(FrontDoor.class);

  /// After Quarkus' own routes (health, metrics, OpenAPI).
  private static final int LAST = 1_000_000;

  private static final int FIRST = -1_000;
  private static final Duration PAGE_BODY_LIMIT = Duration.ofSeconds(10);
  private static final Pattern HEADER_NAMES = Pattern.compile("[A-Za-z0-9_\\-, ]{1,2000}");
  private static final String EXPOSED =
      "x-request-id, openai-processing-ms, retry-after, ringfence-zone, ringfence-node,"
          + " ringfence-attempt, ringfence-placement, ringfence-explain";
  // Where a framework's health and metrics are often looked for.
  private static final Pattern WATCHED = Pattern.compile("(/q)?/(metrics|health)(/.*)?");
  private static final Map<String, String> METHODS =
      Map.of(
          "/",
          "GET",
          GenerationRoutes.CHAT,
          "POST",
          GenerationRoutes.COMPLETIONS,
          "POST",
          ModelRoutes.MODELS,
          "GET");

  private final Access access;
  private final GenerationRoutes generation;
  private final ModelRoutes models;
  private final ReceiptRoutes receipts;
  private final PageRoutes page;
  private final PageApi pageApi;

  FrontDoor(
      Access access,
      GenerationRoutes generation,
      ModelRoutes models,
      ReceiptRoutes receipts,
      PageRoutes page,
      PageApi pageApi) {
    this.access = access;
    this.page = page;
    this.pageApi = pageApi;
    this.generation = generation;
    this.models = models;
    this.receipts = receipts;
  }

  void register(@Observes Router router) {
    router.route().order(FIRST).handler(this::check);
    router.route().order(FIRST).failureHandler(FrontDoor::failed);
    page.register(router);
    pageApi.register(router, new PageRequests());
    generation.register(router);
    models.register(router);
    receipts.register(router);
    router.route().order(LAST).handler(FrontDoor::noRoute);
  }

  private void check(RoutingContext context) {
    long now = System.nanoTime();
    HttpServerRequest request = context.request();
    String requestId = RequestIds.named(request.getHeader("x-request-id"), RequestIds.fresh());
    context.response().putHeader("x-request-id", requestId);
    String authority = request.authority() == null ? null : request.authority().toString();
    try {
      access.hosts().check(authority);
      if (!passesOrigin(context, request.getHeader(HttpHeaders.ORIGIN), authority)) {
        return;
      }
      boolean api = isApi(request.path());
      Caller caller =
          api
              ? access.keys().caller(request.getHeader(HttpHeaders.AUTHORIZATION), source(request))
              : access.keys().anyone();
      Arrival.put(
          context,
          new Arrival(
              now,
              requestId,
              caller,
              request.getHeader("Ringfence-Zone"),
              Arrival.waiting(request.getHeader(Arrival.WAIT_HEADER)),
              Arrival.explaining(request.getHeader("Ringfence-Explain")),
              request.getHeader(TraceParent.HEADER)));
    } catch (ApiError error) {
      Reply.error(context, error);
      return;
    }
    context.next();
  }

  private static boolean isApi(String path) {
    return path.startsWith("/v1/")
        || (path.startsWith(PageApi.FOLDER) && !path.equals(PageApi.ABOUT));
  }

  private static String source(HttpServerRequest request) {
    SocketAddress address = request.remoteAddress();
    String host = address == null ? null : address.hostAddress();
    return host == null ? "" : Source.of(host);
  }

  /// False where the request was answered here, as a preflight is.
  private boolean passesOrigin(
      RoutingContext context, @Nullable String origin, @Nullable String authority) {
    if (origin == null) {
      return true;
    }
    HttpServerResponse response = context.response();
    response.putHeader(HttpHeaders.VARY, "Origin");
    if (!access.origins().allows(origin, authority)) {
      throw ApiError.refused(
          403,
          null,
          "origin_not_allowed",
          "Pages of this origin may not call the gateway; 'ringfence.gateway.allowed-origins' adds"
              + " origins.");
    }
    response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.putHeader(HttpHeaders.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    HttpServerRequest request = context.request();
    if (!request.method().equals(HttpMethod.OPTIONS)
        || request.getHeader(HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD) == null) {
      return true;
    }
    String asked = request.getHeader(HttpHeaders.ACCESS_CONTROL_REQUEST_HEADERS);
    if (asked != null && HEADER_NAMES.matcher(asked).matches()) {
      response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_HEADERS, asked);
    }
    if ("true".equals(request.getHeader("Access-Control-Request-Private-Network"))) {
      response.putHeader("Access-Control-Allow-Private-Network", "true");
    }
    response.putHeader(HttpHeaders.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS");
    response.putHeader(HttpHeaders.ACCESS_CONTROL_MAX_AGE, "600");
    response.setStatusCode(204).end();
    return false;
  }

  private static void noRoute(RoutingContext context) {
    String path = context.request().path();
    boolean reads =
        path.startsWith(ModelRoutes.MODELS + "/")
            || path.matches(ReceiptRoutes.RECEIPTS + "/[A-Za-z0-9_-]+");
    String allowed = reads ? "GET" : METHODS.get(path);
    if (allowed != null) {
      context.response().putHeader(HttpHeaders.ALLOW, allowed);
      Reply.error(
          context,
          ApiError.refused(
              405, null, "method_not_allowed", "This URL answers to " + allowed + " alone."));
      return;
    }
    Reply.error(
        context,
        ApiError.refused(
            404,
            null,
            "unknown_url",
            WATCHED.matcher(path).matches()
                ? "Health and metrics have a port of their own: quarkus.management.port, on loopback"
                    + " unless quarkus.management.host says otherwise."
                : "Unknown request URL. This server has /v1/chat/completions, /v1/completions and"
                    + " /v1/models."));
  }

  private static void failed(RoutingContext context) {
    Throwable failure = context.failure();
    if (failure instanceof ApiError error) {
      Reply.error(context, error);
      return;
    }
    LOG.error("a request failed", failure);
    Reply.error(context, FailureMapping.internal());
  }

  private final class PageRequests implements PageApi.Requests {
    @Override
    public Caller caller(RoutingContext context) {
      return Arrival.of(context).caller();
    }

    @Override
    public Future<byte[]> body(RoutingContext context, int maxBytes) {
      Gate.Ticket ticket;
      try {
        ticket = access.gate().enter(1);
      } catch (ApiError full) {
        return Future.failedFuture(full);
      }
      context.addEndHandler(ended -> ticket.close());
      return RequestBody.read(
          context.request(),
          context.vertx().getOrCreateContext(),
          ticket,
          maxBytes,
          PAGE_BODY_LIMIT);
    }
  }
}
