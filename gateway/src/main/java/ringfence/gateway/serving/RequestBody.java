package ringfence.gateway.serving;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.access.Gate;
import ringfence.gateway.openai.ApiError;

/// Reads a request's body: no longer than allowed, no slower than allowed, and no more of all
/// bodies than fits.
final class RequestBody {
  private static final byte[] NONE = {};

  private final HttpServerRequest request;
  private final Gate.Ticket ticket;
  private final long maxBytes;
  private final Promise<byte[]> result = Promise.promise();
  private @Nullable Buffer collected;

  private RequestBody(HttpServerRequest request, Gate.Ticket ticket, long maxBytes) {
    this.request = request;
    this.ticket = ticket;
    this.maxBytes = maxBytes;
  }

  /// Fails with [ApiError]: 408, 413 or 503; never ends when the client goes.
  static Future<byte[]> read(
      HttpServerRequest request,
      Context context,
      Gate.Ticket ticket,
      long maxBytes,
      Duration limit) {
    var body = new RequestBody(request, ticket, maxBytes);
    long timer =
        context
            .owner()
            .setTimer(
                limit.toMillis(),
                id ->
                    body.result.tryFail(
                        ApiError.refused(
                            408,
                            null,
                            "request_timeout",
                            "The request's body did not arrive in time.")));
    body.start();
    return body.result.future().onComplete(done -> context.owner().cancelTimer(timer));
  }

  private void start() {
    String announced = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (announced != null && (announced.length() > 18 || Long.parseLong(announced) > maxBytes)) {
      request.handler(ignored -> {});
      result.tryFail(tooLarge());
      return;
    }
    request.handler(this::add);
    request.endHandler(end -> {
      Buffer all = collected;
      result.tryComplete(all == null ? NONE : all.getBytes());
    });
    if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
      request.response().writeContinue();
    }
    request.resume();
  }

  private void add(Buffer part) {
    if (result.future().isComplete()) {
      return;
    }
    Buffer all = collected;
    if (all == null) {
      all = Buffer.buffer();
      collected = all;
    }
    if (all.length() + (long) part.length() > maxBytes) {
      collected = null;
      result.tryFail(tooLarge());
      return;
    }
    try {
      ticket.hold(part.length());
    } catch (ApiError full) {
      collected = null;
      result.tryFail(full);
      return;
    }
    all.appendBuffer(part);
  }

  private ApiError tooLarge() {
    return ApiError.refused(
        413,
        null,
        "request_too_large",
        "The request's body is longer than " + maxBytes + " bytes.");
  }
}
