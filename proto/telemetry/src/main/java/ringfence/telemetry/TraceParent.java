package ringfence.telemetry;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The W3C header that says which span a call belongs to.
public final class TraceParent {
  /// Its name in HTTP.
  public static final String HEADER = "traceparent";

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of(HEADER, Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<SpanContext> CALLER = Context.key("ringfence-caller-span");
  private static final Pattern FORMAT =
      Pattern.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

  private TraceParent() {}

  /// The header of calls that a span makes.
  public static String of(SpanContext span) {
    return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-" + span.getTraceFlags().asHex();
  }

  /// The span that a header names; an invalid one where it names none.
  public static SpanContext parse(@Nullable String header) {
    if (header == null || header.length() > 256) {
      return SpanContext.getInvalid();
    }
    Matcher matcher = FORMAT.matcher(header);
    if (!matcher.matches()
        || matcher.group(1).equals("ff")
        || (matcher.group(1).equals("00") && matcher.group(5) != null)) {
      return SpanContext.getInvalid();
    }
    return SpanContext.createFromRemoteParent(
        matcher.group(2),
        matcher.group(3),
        TraceFlags.fromHex(matcher.group(4), 0),
        TraceState.getDefault());
  }

  /// The headers of a call that a span makes.
  ///
  /// @param header null: it is in no trace
  public static Metadata metadata(@Nullable String header) {
    Metadata metadata = new Metadata();
    if (header != null) {
      metadata.put(KEY, header);
    }
    return metadata;
  }

  /// The span that the call being served belongs to; an invalid one where there is none.
  public static SpanContext caller() {
    SpanContext span = CALLER.get();
    return span == null ? SpanContext.getInvalid() : span;
  }

  /// Reads the header of each call.
  public static final class Reader implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      String header = headers.get(KEY);
      return header == null
          ? next.startCall(call, headers)
          : Contexts.interceptCall(
              Context.current().withValue(CALLER, parse(header)), call, headers, next);
    }
  }
}
