package ringfence.router.egress.openai;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Server-sent events: bytes in, the data of whole events out ([HTML, 9.2 Server-sent
/// events](https://html.spec.whatwg.org/multipage/server-sent-events.html)). Comments and other
/// fields are skipped.
public final class SseReader {
  /// Of one event.
  private static final int MOST_BYTES = 1 << 20;

  private final ByteArrayOutputStream line = new ByteArrayOutputStream(512);
  private final StringBuilder data = new StringBuilder();
  private boolean hasData;
  private boolean afterReturn;

  /// The events that these bytes complete.
  ///
  /// @throws IOException when one is larger than 1 MiB
  public List<String> take(ByteBuffer bytes) throws IOException {
    List<String> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte next = bytes.get();
      if (next == '\n' && afterReturn) {
        afterReturn = false;
      } else if (next == '\n' || next == '\r') {
        afterReturn = next == '\r';
        endLine(events);
      } else {
        afterReturn = false;
        if (line.size() + data.length() >= MOST_BYTES) {
          throw new IOException("an event has more than " + MOST_BYTES + " bytes");
        }
        line.write(next);
      }
    }
    return events;
  }

  private void endLine(List<String> events) {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    if (text.isEmpty()) {
      if (hasData) {
        events.add(data.toString());
      }
      data.setLength(0);
      hasData = false;
    } else if (text.startsWith("data:")) {
      if (hasData) {
        data.append('\n');
      }
      data.append(text, text.startsWith("data: ") ? 6 : 5, text.length());
      hasData = true;
    }
  }
}
