package ringfence.gateway.page;

import io.grpc.Metadata;
import io.grpc.Status;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.openai.Sse;
import ringfence.gateway.routing.RouterCall;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.Credentials;
import ringfence.proto.v1.FleetView;
import ringfence.proto.v1.Label;
import ringfence.proto.v1.OverviewGrpc;
import ringfence.proto.v1.WatchFleetRequest;

/// `GET /page/api/fleet?interval=MILLIS&after=SEQUENCE`: the router's views of the fleet as
/// server-sent events. A page that reads slowly gets fewer of them.
@Singleton
final class FleetStreams {
  /// At one time.
  private static final int MOST = 32;

  /// Then the page asks again: a gateway that is stopped waits for the requests that it has.
  private static final Duration LIMIT = Duration.ofSeconds(15);

  private final Routers routers;
  private final AtomicInteger open = new AtomicInteger();

  FleetStreams(Routers routers) {
    this.routers = routers;
  }

  void open(RoutingContext context, Credentials credentials, Label label) {
    if (open.incrementAndGet() > MOST) {
      open.decrementAndGet();
      context.fail(
          ApiError.busy("too_many_requests", "Too many pages watch the fleet already.", 5_000));
      return;
    }
    new Stream(context).start(credentials, label);
  }

  private static long parameter(RoutingContext context, String name, long most) {
    String text = context.request().getParam(name);
    return text == null || !text.matches("\\d{1,18}") ? 0 : Math.min(most, Long.parseLong(text));
  }

  private final class Stream implements RouterCall.Listener<FleetView> {
    private final RoutingContext context;
    private final HttpServerResponse response;
    private @Nullable RouterCall<WatchFleetRequest, FleetView> call;
    private boolean over;

    Stream(RoutingContext context) {
      this.context = context;
      this.response = context.response();
    }

    void start(Credentials credentials, Label label) {
      var loop = context.vertx().getOrCreateContext();
      WatchFleetRequest question =
          WatchFleetRequest.newBuilder()
              .setCredentials(credentials)
              .setLabel(label)
              .setIntervalMillis((int) parameter(context, "interval", 60_000))
              .setAfterHappening(parameter(context, "after", Long.MAX_VALUE))
              .build();
      RouterCall<WatchFleetRequest, FleetView> begun =
          routers.ask(OverviewGrpc.getWatchFleetMethod(), question, LIMIT, loop, this);
      call = begun;
      context.addEndHandler(ended -> end());
      response.closeHandler(closed -> end());
      begun.start();
    }

    private void end() {
      if (!over) {
        over = true;
        open.decrementAndGet();
        RouterCall<WatchFleetRequest, FleetView> begun = call;
        if (begun != null) {
          begun.cancel();
        }
      }
    }

    @Override
    public void onMessage(FleetView view) {
      if (over || response.closed()) {
        return;
      }
      if (!response.headWritten()) {
        PageRoutes.protect(response.headers());
        response.setChunked(true);
        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        response.putHeader("X-Accel-Buffering", "no");
      }
      response.write(
          Buffer.buffer("data: ").appendBytes(PageJson.message(view)).appendString("\n\n"));
      if (response.writeQueueFull()) {
        response.drainHandler(drained -> more());
      } else {
        more();
      }
    }

    private void more() {
      RouterCall<WatchFleetRequest, FleetView> begun = call;
      if (!over && begun != null) {
        begun.request();
      }
    }

    @Override
    public void onEnd(Status status, @Nullable Metadata trailers) {
      if (over) {
        return;
      }
      ApiError error = FailureMapping.toError(status, trailers);
      if (!response.headWritten()) {
        context.fail(error);
      } else if (!response.closed()) {
        if (status.getCode() != Status.Code.DEADLINE_EXCEEDED) {
          response.write(Buffer.buffer(Sse.error(error)));
        }
        response.end();
      }
      end();
    }
  }
}
