package ringfence.gateway.serving;

import io.grpc.Deadline;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jboss.logging.Logger;
import ringfence.gateway.GatewayConfig;
import ringfence.gateway.access.Access;
import ringfence.gateway.access.Gate;
import ringfence.gateway.openai.AnswerFormat;
import ringfence.gateway.openai.AnswerHead;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.ChatFormat;
import ringfence.gateway.openai.ChatRequest;
import ringfence.gateway.openai.CommonOptions;
import ringfence.gateway.openai.CompletionFormat;
import ringfence.gateway.openai.CompletionRequest;
import ringfence.gateway.openai.FailureMapping;
import ringfence.gateway.openai.RequestMapping;
import ringfence.gateway.routing.Routers;
import ringfence.proto.v1.RouteRequest;

/// `POST /v1/chat/completions` and `POST /v1/completions`: body in, checked, mapped, handed to an
/// [Exchange].
@Singleton
public final class GenerationRoutes {
  static final String CHAT = "/v1/chat/completions";
  static final String COMPLETIONS = "/v1/completions";

  private static final Logger LOG = Logger.getLogger(GenerationRoutes.class);

  /// Reading a longer body would hold the event loop up: a worker does it.
  private static final int INLINE_BYTES = 64 * 1024;

  private final GatewayConfig config;
  private final Access access;
  private final Routers routers;
  private final RequestMetrics metrics;

  GenerationRoutes(GatewayConfig config, Access access, Routers routers, RequestMetrics metrics) {
    this.config = config;
    this.access = access;
    this.routers = routers;
    this.metrics = metrics;
  }

  /// What a body asks for, ready to run.
  private record Work(
      CommonOptions options,
      List<RouteRequest.Builder> requests,
      Function<AnswerHead, AnswerFormat> format,
      String idPrefix) {}

  void register(Router router) {
    router.post(CHAT).handler(context -> handle(context, CHAT, GenerationRoutes::chat));
    router
        .post(COMPLETIONS)
        .handler(context -> handle(context, COMPLETIONS, GenerationRoutes::completion));
  }

  private static Work chat(byte[] body) {
    ChatRequest request = ChatRequest.read(body);
    CommonOptions options = request.options();
    boolean logprobs = request.topLogprobs() != null;
    return new Work(
        options,
        List.of(RequestMapping.toRoute(request)),
        head -> new ChatFormat(head, options.includeUsage(), logprobs),
        "chatcmpl-");
  }

  private static Work completion(byte[] body) {
    CompletionRequest request = CompletionRequest.read(body);
    CommonOptions options = request.options();
    boolean logprobs = request.topLogprobs() != null;
    return new Work(
        options,
        RequestMapping.toRoutes(request),
        head -> new CompletionFormat(head, options.includeUsage(), logprobs),
        "cmpl-");
  }

  private void handle(RoutingContext context, String route, Function<byte[], Work> reader) {
    Arrival arrival = Arrival.of(context);
    Observation observation =
        Observation.traced(
            metrics, route, arrival.requestId(), arrival.nanos(), arrival.traceParent());
    context.addEndHandler(ended -> observation.closed());
    Gate.Ticket ticket;
    try {
      ticket = access.gate().enter(1);
    } catch (ApiError full) {
      refuse(context, observation, full);
      return;
    }
    context.addEndHandler(ended -> ticket.close());
    Context loop = context.vertx().getOrCreateContext();
    RequestBody.read(
            context.request(), loop, ticket, config.maxBody().asLongValue(), config.bodyTimeout())
        .compose(body -> parse(loop, body, reader))
        .onSuccess(work -> {
          ticket.releaseBody();
          run(context, loop, arrival, observation, work);
        })
        .onFailure(failure -> {
          ticket.releaseBody();
          refuse(context, observation, toError(failure, arrival.requestId()));
        });
  }

  private static Future<Work> parse(Context loop, byte[] body, Function<byte[], Work> reader) {
    if (body.length > INLINE_BYTES) {
      return loop.executeBlocking(() -> reader.apply(body), false);
    }
    try {
      return Future.succeededFuture(reader.apply(body));
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  private void run(
      RoutingContext context, Context loop, Arrival arrival, Observation observation, Work work) {
    if (context.response().closed()) {
      return;
    }
    if (work.requests().size() > 1) {
      try {
        Gate.Ticket more = access.gate().enter(work.requests().size() - 1);
        context.addEndHandler(ended -> more.close());
      } catch (ApiError full) {
        refuse(context, observation, full);
        return;
      }
    }
    String id = RequestIds.fresh();
    observation.answersAs(id);
    var head =
        new AnswerHead(
            work.idPrefix() + id, Instant.now().getEpochSecond(), work.options().model());
    AnswerFormat format = work.format().apply(head);
    AnswerSink sink =
        work.options().stream()
            ? new StreamSink(context, format, arrival.nanos(), config.heartbeat())
            : new WholeSink(
                context,
                format,
                arrival.nanos(),
                work.options().choices() * work.requests().size());
    List<RouteRequest> requests = arrival.identify(id, work.requests());
    var exchange = new Exchange(sink, format, observation);
    context.addEndHandler(ended -> {
      if (ended.failed()) {
        exchange.abandon();
      }
    });
    long spentNanos = System.nanoTime() - arrival.nanos();
    Deadline deadline =
        Deadline.after(config.deadline().toNanos() - spentNanos, TimeUnit.NANOSECONDS);
    exchange.start(
        requests,
        (request, branch) ->
            routers.generate(request, deadline, loop, branch, observation.traceParent()));
  }

  private static void refuse(RoutingContext context, Observation observation, ApiError error) {
    observation.failed(error);
    Reply.error(context, error);
  }

  private static ApiError toError(Throwable failure, String requestId) {
    if (failure instanceof ApiError error) {
      return error;
    }
    LOG.errorf(failure, "request %s failed", requestId);
    return FailureMapping.internal();
  }
}
