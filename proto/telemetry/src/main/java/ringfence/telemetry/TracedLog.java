package ringfence.telemetry;

import io.opentelemetry.api.trace.SpanContext;
import org.jboss.logging.MDC;

/// Lets log lines say which span they belong to.
public final class TracedLog {
  private TracedLog() {}

  /// Has what is logged by `log` carry the span's ids.
  public static void in(SpanContext span, Runnable log) {
    if (!span.isValid()) {
      log.run();
      return;
    }
    MDC.put("traceId", span.getTraceId());
    MDC.put("spanId", span.getSpanId());
    try {
      log.run();
    } finally {
      MDC.remove("traceId");
      MDC.remove("spanId");
    }
  }
}
