package ringfence.gateway.serving;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import org.jspecify.annotations.Nullable;
import ringfence.gateway.openai.ApiError;
import ringfence.gateway.openai.Tally;
import ringfence.proto.v1.Placement;
import ringfence.telemetry.TraceParent;
import ringfence.telemetry.TracedLog;

/// What is measured of one request, and its span where its trace is kept; no content. Runs on the
/// request's event loop.
final class Observation {
  static final int CLIENT_GONE = 499;

  private final RequestMetrics metrics;
  private final String route;
  private final String requestId;
  private final long arrivedNanos;
  private final Span span;
  private String model = RequestMetrics.NO_MODEL;
  private RequestMetrics.@Nullable ModelMeters meters;
  private long firstTokenNanos;
  private long lastTokenNanos;
  private int status;

  Observation(RequestMetrics metrics, String route, String requestId, long arrivedNanos) {
    this(metrics, route, requestId, arrivedNanos, Span.getInvalid());
  }

  private Observation(
      RequestMetrics metrics, String route, String requestId, long arrivedNanos, Span span) {
    this.metrics = metrics;
    this.route = route;
    this.requestId = requestId;
    this.arrivedNanos = arrivedNanos;
    this.span = span;
  }

  /// One whose trace may be kept.
  ///
  /// @param traceParent the client's header; null: it sent none
  static Observation traced(
      RequestMetrics metrics,
      String route,
      String requestId,
      long arrivedNanos,
      @Nullable String traceParent) {
    Span span = metrics.span(route, traceParent);
    if (span.isRecording()) {
      span.setAttribute("http.route", route);
      span.setAttribute("gen_ai.operation.name", RequestMetrics.operation(route));
      span.setAttribute("gen_ai.provider.name", RequestMetrics.PROVIDER);
    }
    return new Observation(metrics, route, requestId, arrivedNanos, span);
  }

  String requestId() {
    return requestId;
  }

  /// The header of the calls that it makes; null: its trace is not kept.
  @Nullable String traceParent() {
    return span.getSpanContext().isSampled() ? TraceParent.of(span.getSpanContext()) : null;
  }

  /// Logs with its ids.
  void logged(Runnable log) {
    TracedLog.in(span.getSpanContext(), log);
  }

  /// The answer's id, by which the router knows the request.
  void answersAs(String id) {
    span.setAttribute("ringfence.request_id", id);
  }

  /// The router knows the model: only then is its name fit to be a label.
  void placed(String name, Placement placement) {
    model = metrics.bounded(name);
    if (span.isRecording()) {
      span.setAttribute("gen_ai.request.model", model);
      span.setAttribute("ringfence.node", placement.getNode());
      span.setAttribute("ringfence.zone", placement.getZone().name());
      span.setAttribute("ringfence.attempt", placement.getAttempt());
    }
  }

  void token() {
    long now = System.nanoTime();
    if (lastTokenNanos == 0) {
      firstTokenNanos = now;
      meters().firstToken(now - arrivedNanos);
      span.addEvent("first_token");
    } else {
      meters().interToken(now - lastTokenNanos);
    }
    lastTokenNanos = now;
  }

  /// Looked up once, not for each token.
  private RequestMetrics.ModelMeters meters() {
    RequestMetrics.ModelMeters known = meters;
    if (known == null) {
      known = metrics.meters(model);
      meters = known;
    }
    return known;
  }

  void completed(Tally tally) {
    status = 200;
    meters().tokens(tally);
    long now = System.nanoTime();
    metrics
        .generations()
        .completed(
            RequestMetrics.operation(route),
            model,
            tally,
            now - arrivedNanos,
            firstTokenNanos == 0 ? 0 : firstTokenNanos - arrivedNanos,
            lastTokenNanos - firstTokenNanos);
    if (span.isRecording()) {
      span.setAttribute("gen_ai.usage.input_tokens", tally.promptTokens());
      span.setAttribute("gen_ai.usage.output_tokens", tally.answerTokens());
    }
  }

  void answered() {
    status = 200;
  }

  void failed(ApiError error) {
    status = error.status();
    if (span.isRecording()) {
      span.setAttribute("error.type", String.valueOf(error.code()));
    }
  }

  /// The response has ended, or its connection has.
  void closed() {
    int told = status == 0 ? CLIENT_GONE : status;
    metrics.request(route, model, told, System.nanoTime() - arrivedNanos);
    if (span.isRecording()) {
      span.setAttribute("http.response.status_code", told);
      if (told >= 500) {
        span.setStatus(StatusCode.ERROR);
      }
    }
    span.end();
  }
}
