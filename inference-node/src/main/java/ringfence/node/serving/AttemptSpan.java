package ringfence.node.serving;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import java.util.concurrent.TimeUnit;
import ringfence.node.engine.AnswerListener.AnswerStatistics;
import ringfence.proto.v1.Failure;
import ringfence.proto.v1.GenerationRequest;
import ringfence.telemetry.Telemetry;

/// One attempt's span on this node, where its router keeps the trace: how long it was in the queue,
/// computed its prompt and drew its tokens. A node begins no trace by itself.
final class AttemptSpan {
  private static final AttributeKey<Long> MICROS = AttributeKey.longKey("ringfence.micros");

  private final Span span;
  private final long beganMicros = TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());

  private AttemptSpan(Span span) {
    this.span = span;
  }

  /// Begins with the attempt's arrival.
  ///
  /// @param router the router's span; an invalid one: there is none
  static AttemptSpan begin(Telemetry telemetry, GenerationRequest request, SpanContext router) {
    if (!telemetry.isOn() || !router.isSampled()) {
      return new AttemptSpan(Span.getInvalid());
    }
    Span span = telemetry.start("generate", SpanKind.SERVER, router);
    span.setAttribute("ringfence.request_id", request.getRequestId());
    span.setAttribute("ringfence.attempt", request.getAttempt());
    span.setAttribute("gen_ai.request.model", request.getModel());
    return new AttemptSpan(span);
  }

  /// It ran to its end.
  void done(AnswerStatistics statistics) {
    if (span.isRecording()) {
      phase("queue", 0, statistics.queueMicros());
      phase("prefill", statistics.queueMicros(), statistics.prefillMicros());
      phase(
          "decode",
          statistics.queueMicros() + statistics.prefillMicros(),
          statistics.decodeMicros());
      span.setAttribute("gen_ai.usage.input_tokens", statistics.promptTokens());
      span.setAttribute("ringfence.cached_tokens", statistics.cachedPromptTokens());
      span.setAttribute("gen_ai.usage.output_tokens", statistics.answerTokens());
      span.end();
    }
  }

  private void phase(String name, long afterMicros, long micros) {
    span.addEvent(
        name, Attributes.of(MICROS, micros), beganMicros + afterMicros, TimeUnit.MICROSECONDS);
  }

  /// It ended early.
  void failed(Failure.Reason reason) {
    if (span.isRecording()) {
      span.setAttribute("error.type", reason.name());
      if (reason != Failure.Reason.CANCELLED) {
        span.setStatus(StatusCode.ERROR);
      }
      span.end();
    }
  }
}
