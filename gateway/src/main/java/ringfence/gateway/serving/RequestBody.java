package ringfence.gateway.serving;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.Arrays;
import ringfence.gateway.access.Gate;
import ringfence.gateway.openai.ApiError;

/// Reads a request's body: no longer than allowed, no slower than allowed, and no more of all
/// bodies than fits.
final class RequestBody {
  private static final byte[] NONE = {};

  /// An announced length is believed so far: it costs a client nothing to announce much.
  private static final int BELIEVED_BYTES = 64 * 1024;

  private final HttpServerRequest request;
  private final Gate.Ticket ticket;
  private final long maxBytes;
  private final Promise<byte[]> result = Promise.promise();
  private byte[] collected = NONE;
  private int length;
  private int announced;

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
    String header = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    if (header != null && (header.length() > 18 || Long.parseLong(header) > maxBytes)) {
      request.handler(ignored -> {});
      result.tryFail(tooLarge());
      return;
    }
    announced = header == null ? 0 : (int) Math.min(Long.parseLong(header), BELIEVED_BYTES);
    request.handler(this::add);
    request.endHandler(end -> {
      // The request lives as long as its answer, and need not hold the body for so long.
      request.handler(null);
      request.endHandler(null);
      byte[] all = collected;
      collected = NONE;
      result.tryComplete(length == all.length ? all : Arrays.copyOf(all, length));
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
    if (length + (long) part.length() > maxBytes) {
      collected = NONE;
      result.tryFail(tooLarge());
      return;
    }
    try {
      ticket.hold(part.length());
    } catch (ApiError full) {
      collected = NONE;
      result.tryFail(full);
      return;
    }
    int end = length + part.length();
    if (end > collected.length) {
      int room = Math.max(announced, (int) Math.min(2L * collected.length, maxBytes));
      collected = Arrays.copyOf(collected, Math.max(end, room));
    }
    part.getBytes(collected, length);
    length = end;
  }

  private ApiError tooLarge() {
    return ApiError.refused(
        413,
        null,
        "request_too_large",
        "The request's body is longer than " + maxBytes + " bytes.");
  }
}
