package ringfence.router.serving;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import ringfence.proto.v1.Failure.Reason;
import ringfence.router.dispatch.AttemptFacts;
import ringfence.router.policy.EgressGrant;
import ringfence.telemetry.Telemetry;
import ringfence.telemetry.TraceParent;

/// The spans of requests whose traces are kept: one for each request and each attempt, linked to
/// the attempt before. A router begins no trace by itself; requests whose traces are not kept have
/// no entry here.
final class RequestTraces {
  private final Telemetry telemetry;
  private final Map<String, RequestTrace> kept = new ConcurrentHashMap<>();

  RequestTraces(Telemetry telemetry) {
    this.telemetry = telemetry;
  }

  /// One request's; its attempts begin and end under its dispatch's lock, and are looked up by
  /// others.
  private static final class RequestTrace {
    final Span span;
    final Map<Integer, Span> attempts = new ConcurrentHashMap<>();
    volatile @Nullable SpanContext last;

    RequestTrace(Span span) {
      this.span = span;
    }
  }

  /// A request has come.
  ///
  /// @param caller the gateway's span; an invalid one: there is none
  void begin(String requestId, String model, SpanContext caller) {
    if (!telemetry.isOn() || !caller.isSampled()) {
      return;
    }
    Span span = telemetry.start("route", SpanKind.SERVER, caller);
    span.setAttribute("ringfence.request_id", requestId);
    span.setAttribute("gen_ai.request.model", model);
    if (kept.putIfAbsent(requestId, new RequestTrace(span)) != null) {
      // Another one has its id right now: only the first is followed.
      span.end();
    }
  }

  /// An attempt is about to leave.
  void attemptBegun(AttemptFacts attempt) {
    RequestTrace trace = trace(attempt.requestId());
    if (trace == null) {
      return;
    }
    Span span =
        telemetry.start("attempt", SpanKind.CLIENT, trace.span.getSpanContext(), trace.last);
    span.setAttribute("ringfence.attempt", attempt.attempt());
    span.setAttribute("ringfence.node", attempt.target().name());
    span.setAttribute("ringfence.zone", attempt.target().zone().name());
    span.setAttribute("ringfence.decided_by", attempt.placed().decidedBy());
    span.setAttribute("ringfence.predicted_ms", attempt.placed().predictedMillis());
    trace.attempts.put(attempt.attempt(), span);
    trace.last = span.getSpanContext();
  }

  /// An attempt has ended.
  void attemptEnded(AttemptFacts attempt, Reason reason) {
    RequestTrace trace = trace(attempt.requestId());
    Span span = trace == null ? null : trace.attempts.remove(attempt.attempt());
    if (span != null) {
      end(span, reason);
    }
  }

  /// A request has ended.
  void requestEnded(String requestId, Reason reason) {
    RequestTrace trace = kept.isEmpty() ? null : kept.remove(requestId);
    if (trace != null) {
      trace.attempts.values().forEach(span -> end(span, reason));
      end(trace.span, reason);
    }
  }

  private static void end(Span span, Reason reason) {
    if (reason != Reason.REASON_UNSPECIFIED) {
      span.setAttribute("error.type", reason.name());
      if (reason != Reason.CANCELLED) {
        span.setStatus(StatusCode.ERROR);
      }
    }
    span.end();
  }

  /// The header of an attempt's call; null: its trace is not kept.
  @Nullable String header(EgressGrant grant) {
    RequestTrace trace = trace(grant.requestId());
    Span span = trace == null ? null : trace.attempts.get(grant.attempt());
    return span == null ? null : TraceParent.of(span.getSpanContext());
  }

  /// An attempt's span; an invalid one: its trace is not kept.
  SpanContext of(AttemptFacts attempt) {
    RequestTrace trace = trace(attempt.requestId());
    Span span = trace == null ? null : trace.attempts.get(attempt.attempt());
    return span == null ? SpanContext.getInvalid() : span.getSpanContext();
  }

  private @Nullable RequestTrace trace(String requestId) {
    return kept.isEmpty() ? null : kept.get(requestId);
  }
}
