package ringfence.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.SpanContext;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.Level;
import org.junit.jupiter.api.Test;

class JsonLogTest {
  private static String line(String message) {
    ExtLogRecord line = new ExtLogRecord(Level.INFO, message, JsonLogTest.class.getName());
    line.setLoggerName("ringfence.Test");
    return new JsonLog().format(line);
  }

  @Test
  void aLineIsOneObjectWhateverTheMessageHolds() {
    String line = line("a \"quoted\" \\ line\nwith\tcontrols \u0001 and \uD83D\uDE00");
    assertThat(line).endsWith("}\n").doesNotContain("traceId");
    assertThat(line.substring(0, line.length() - 1)).doesNotContain("\n");
    assertThat(line)
        .contains(
            "\"message\":\"a \\\"quoted\\\" \\\\ line\\nwith\\tcontrols \\u0001 and"
                + " \\ud83d\\ude00\"")
        .contains("\"logger\":\"ringfence.Test\"")
        .contains("\"level\":\"INFO\"");
  }

  @Test
  void whatIsLoggedInASpanHasItsIdsAndWhatComesAfterHasNot() {
    SpanContext span = TraceParent.parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    List<String> lines = new ArrayList<>();
    TracedLog.in(span, () -> lines.add(line("in")));
    TracedLog.in(SpanContext.getInvalid(), () -> lines.add(line("out")));
    lines.add(line("after"));
    assertThat(lines.getFirst())
        .contains("\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"")
        .contains("\"spanId\":\"00f067aa0ba902b7\"");
    assertThat(lines.subList(1, 3)).noneMatch(line -> line.contains("traceId"));
  }
}
