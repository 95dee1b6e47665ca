package ringfence.telemetry;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.logging.Handler;
import java.util.logging.Logger;
import org.jboss.logmanager.ExtFormatter;
import org.jboss.logmanager.ExtHandler;
import org.jboss.logmanager.ExtLogRecord;
import org.jspecify.annotations.Nullable;

/// Log lines as JSON objects, with the ids of the span that they belong to.
public final class JsonLog extends ExtFormatter {

  /// Has the console speak JSON from now on, where the settings say so.
  public static void install(TelemetryConfig config) {
    if (!config.jsonLog()) {
      return;
    }
    for (Handler handler : Logger.getLogger("").getHandlers()) {
      install(handler);
    }
  }

  private static void install(Handler handler) {
    handler.setFormatter(new JsonLog());
    if (handler instanceof ExtHandler outer) {
      for (Handler inner : outer.getHandlers()) {
        install(inner);
      }
    }
  }

  @Override
  public String format(ExtLogRecord line) {
    StringBuilder json = new StringBuilder(256).append('{');
    member(json, "time", Instant.ofEpochMilli(line.getMillis()).toString());
    member(json, "level", line.getLevel().getName());
    member(json, "logger", line.getLoggerName());
    member(json, "thread", line.getThreadName());
    member(json, "message", formatMessage(line));
    member(json, "traceId", line.getMdc("traceId"));
    member(json, "spanId", line.getMdc("spanId"));
    Throwable thrown = line.getThrown();
    if (thrown != null) {
      StringWriter stack = new StringWriter();
      thrown.printStackTrace(new PrintWriter(stack));
      member(json, "stack", stack.toString());
    }
    return json.append("}\n").toString();
  }

  private static void member(StringBuilder json, String name, @Nullable String value) {
    if (value == null) {
      return;
    }
    if (json.length() > 1) {
      json.append(',');
    }
    json.append('"').append(name).append("\":\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < ' ' || c == '\u2028' || c == '\u2029' || Character.isSurrogate(c)) {
            json.append(String.format("\\u%04x", (int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
