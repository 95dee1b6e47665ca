package ringfence.gateway.serving;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Explanation;
import ringfence.gateway.openai.Zones;
import ringfence.proto.v1.Placement;

/// Writes a response's head and whole bodies.
final class Reply {
  private static final String JSON = "application/json";
  private static final long LINGER_MILLIS = 1000;

  private Reply() {}

  static void json(RoutingContext context, int status, byte[] body) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return;
    }
    response.setStatusCode(status);
    response.putHeader(HttpHeaders.CONTENT_TYPE, JSON);
    response.end(Buffer.buffer(body));
  }

  static void error(RoutingContext context, ApiError error) {
    HttpServerResponse response = context.response();
    if (response.headWritten() || response.closed()) {
      return;
    }
    if (error.retryAfterSeconds() > 0) {
      response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(error.retryAfterSeconds()));
    }
    if (error.status() == 401) {
      response.putHeader("WWW-Authenticate", "Bearer");
    }
    if (sendsBody(context.request()) && context.request().version() != HttpVersion.HTTP_2) {
      closeAfter(context);
    }
    json(context, error.status(), error.body());
  }

  private static boolean sendsBody(HttpServerRequest request) {
    return !request.isEnded()
        && (request.headers().contains(HttpHeaders.TRANSFER_ENCODING)
            || request.headers().contains(HttpHeaders.CONTENT_LENGTH));
  }

  /// The client may still be sending: take what comes for a moment, so that it reads the answer
  /// rather than a reset.
  private static void closeAfter(RoutingContext context) {
    context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    context.request().handler(ignored -> {});
    context.request().resume();
    context.vertx().setTimer(LINGER_MILLIS, timer -> context.request().connection().close());
  }

  /// Where the answer is made, and how long it took to know.
  static void placed(RoutingContext context, @Nullable Placement placement, long arrivedNanos) {
    HttpServerResponse response = context.response();
    response.putHeader(
        "openai-processing-ms",
        Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - arrivedNanos)));
    if (placement == null) {
      return;
    }
    String zone = Zones.wire(placement.getZone());
    String node = plain(placement.getNode());
    response.putHeader("Ringfence-Zone", zone);
    response.putHeader("Ringfence-Node", node);
    response.putHeader("Ringfence-Attempt", Integer.toUnsignedString(placement.getAttempt()));
    response.putHeader("Ringfence-Placement", placement(placement));
    if (Arrival.of(context).explain()) {
      response.putHeader("Ringfence-Explain", Explanation.header(placement));
    }
  }

  private static String placement(Placement placement) {
    return "zone="
        + Zones.wire(placement.getZone())
        + "; node="
        + plain(placement.getNode())
        + "; reason="
        + plain(placement.getReason());
  }

  /// The same as the headers say, in one line.
  static String where(Placement placement) {
    return placement(placement) + "; attempt=" + Integer.toUnsignedString(placement.getAttempt());
  }

  /// A header's value holds printable ASCII.
  private static String plain(String text) {
    var safe = new StringBuilder(Math.min(text.length(), 200));
    for (int i = 0; i < text.length() && i < 200; i++) {
      char c = text.charAt(i);
      safe.append(c > ' ' && c < 127 && c != ';' ? c : '_');
    }
    return safe.toString();
  }
}
