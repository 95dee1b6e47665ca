package ringfence.gateway.page;

import com.fasterxml.jackson.core.JsonGenerator;
import io.grpc.Metadata;
import io.grpc.Status;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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

/// `GET /page/api/fleet?interval=MILLIS&after=SEQUENCE,SEQUENCE...`: the views that all routers
/// have of the fleet, as server-sent events `{"number": 1, "routers": 2, "view": {...}}`, or with a
/// `problem` instead of the view, once, where a router can't tell. The page puts them together. One
/// that reads slowly gets fewer of them. `after` has a sequence for each router.
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
    return number(context.request().getParam(name), most);
  }

  private static long number(@Nullable String text, long most) {
    return text == null || !text.matches("\\d{1,18}") ? 0 : Math.min(most, Long.parseLong(text));
  }

  private final class Stream {
    private final RoutingContext context;
    private final HttpServerResponse response;
    private final List<OneRouter> each = new ArrayList<>();
    private int left;
    private boolean over;

    Stream(RoutingContext context) {
      this.context = context;
      this.response = context.response();
    }

    void start(Credentials credentials, Label label) {
      var loop = context.vertx().getOrCreateContext();
      String after = context.request().getParam("after");
      String[] sequences = (after == null ? "" : after).split(",", 64);
      left = routers.count();
      for (int number = 0; number < routers.count(); number++) {
        WatchFleetRequest question =
            WatchFleetRequest.newBuilder()
                .setCredentials(credentials)
                .setLabel(label)
                .setIntervalMillis((int) parameter(context, "interval", 60_000))
                .setAfterHappening(
                    number < sequences.length ? number(sequences[number], Long.MAX_VALUE) : 0)
                .build();
        OneRouter router = new OneRouter(this, number);
        router.call =
            routers.askOne(
                number, OverviewGrpc.getWatchFleetMethod(), question, LIMIT, loop, router);
        each.add(router);
      }
      context.addEndHandler(ended -> end());
      response.closeHandler(closed -> end());
      for (OneRouter router : each) {
        if (!over) {
          router.begin();
        }
      }
    }

    private void end() {
      if (!over) {
        over = true;
        open.decrementAndGet();
        each.forEach(OneRouter::cancel);
      }
    }

    private boolean isClosed() {
      return over || response.closed();
    }

    private void write(byte[] event) {
      if (!response.headWritten()) {
        PageRoutes.protect(response.headers());
        response.setChunked(true);
        response.putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        response.putHeader("X-Accel-Buffering", "no");
      }
      response.write(Buffer.buffer("data: ").appendBytes(event).appendString("\n\n"));
    }

    void view(OneRouter router, FleetView view) {
      if (isClosed()) {
        return;
      }
      write(
          PageJson.object(json -> {
            head(json, router);
            PageJson.field(json, "view", view);
          }));
      router.owed = true;
      if (response.writeQueueFull()) {
        response.drainHandler(drained -> more());
      } else {
        more();
      }
    }

    private void more() {
      if (!isClosed()) {
        each.forEach(OneRouter::more);
      }
    }

    private void head(JsonGenerator json, OneRouter router) throws IOException {
      json.writeNumberField("number", router.number + 1);
      json.writeNumberField("routers", each.size());
    }

    /// A router's views have come to their end; that of the last one ends it all, and so does a
    /// router that does not know the caller.
    void ended(OneRouter router, Status status, @Nullable Metadata trailers) {
      left--;
      if (over) {
        return;
      }
      boolean timeIsUp = status.getCode() == Status.Code.DEADLINE_EXCEEDED;
      ApiError error = FailureMapping.toError(status, trailers);
      boolean last = left == 0 || error.status() == 401 || error.status() == 403;
      if (last && !response.headWritten()) {
        context.fail(error);
      } else if (!last && !timeIsUp && !response.closed()) {
        write(
            PageJson.object(json -> {
              head(json, router);
              json.writeStringField(
                  "problem",
                  status.getCode() == Status.Code.UNAVAILABLE
                      ? "can't be reached"
                      : error.getMessage());
            }));
      } else if (last && !response.closed()) {
        if (!timeIsUp) {
          response.write(Buffer.buffer(Sse.error(error)));
        }
        response.end();
      }
      if (last) {
        end();
      }
    }
  }

  private static final class OneRouter implements RouterCall.Listener<FleetView> {
    private final Stream stream;
    private final int number;
    private @Nullable RouterCall<WatchFleetRequest, FleetView> call;
    private boolean owed;

    OneRouter(Stream stream, int number) {
      this.stream = stream;
      this.number = number;
    }

    void begin() {
      RouterCall<WatchFleetRequest, FleetView> begun = call;
      if (begun != null) {
        begun.start();
      }
    }

    void cancel() {
      RouterCall<WatchFleetRequest, FleetView> begun = call;
      if (begun != null) {
        begun.cancel();
      }
    }

    /// Asks for another view where one was written.
    void more() {
      RouterCall<WatchFleetRequest, FleetView> begun = call;
      if (owed && begun != null) {
        owed = false;
        begun.request();
      }
    }

    @Override
    public void onMessage(FleetView view) {
      stream.view(this, view);
    }

    @Override
    public void onEnd(Status status, @Nullable Metadata trailers) {
      stream.ended(this, status, trailers);
    }
  }
}
